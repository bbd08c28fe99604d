-- why: a call is logged once, with what its ticket does not say: the number, how long it was, where it is recorded.
CREATE TABLE phone_call (
  id uuid PRIMARY KEY,
  external_id text NOT NULL,
  store_id text NOT NULL,
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  ticket_message_id uuid NOT NULL,
  contact_id uuid,
  direction smallint NOT NULL CHECK (direction BETWEEN 1 AND 2),
  outcome smallint NOT NULL CHECK (outcome BETWEEN 1 AND 5),
  phone_number text NOT NULL,
  start_time timestamptz NOT NULL,
  duration_seconds integer NOT NULL CHECK (duration_seconds >= 0),
  recording_url text NOT NULL,
  summary text NOT NULL,
  agent text NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE UNIQUE INDEX phone_call_external_id ON phone_call (store_id, external_id) WHERE external_id <> '';
CREATE INDEX phone_call_start_time ON phone_call (start_time, id);
CREATE INDEX phone_call_number ON phone_call (phone_number, start_time);
CREATE INDEX phone_call_ticket ON phone_call (ticket_id);
