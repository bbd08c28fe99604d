-- why: each worker claims the deliveries of one connector, so that one slow platform holds up no other; the index finds them without reading another's.
DROP INDEX hook_delivery_due;
CREATE INDEX hook_delivery_due ON hook_delivery (connector, next_attempt_time, id) WHERE state = 1;
