-- why: what a store was sent before it was disconnected waited for secrets that were gone; and what was given up is found without reading what was done
CREATE INDEX hook_delivery_dead ON hook_delivery (connector, receive_time DESC, id) WHERE state = 3;

-- The secrets of connections that ended while deliveries of theirs waited, until these are through. Nothing new is
-- verified by them.
CREATE TABLE ended_hook_connection (
  connector text NOT NULL,
  store_id text NOT NULL,
  secrets jsonb NOT NULL,
  end_time timestamptz NOT NULL,
  PRIMARY KEY (connector, store_id)
);
