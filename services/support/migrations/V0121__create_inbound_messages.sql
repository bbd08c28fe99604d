-- why: a conversation of another system is one ticket whatever order its messages come in, and each has one effect;
-- what agents answer waits until an adapter has delivered it.
CREATE TABLE inbound_conversation (
  store_id text NOT NULL,
  source text NOT NULL,
  conversation_id text NOT NULL,
  sender_id text NOT NULL,
  ticket_id uuid REFERENCES ticket (id),
  last_message_id text NOT NULL DEFAULT '',
  last_message_time timestamptz,
  PRIMARY KEY (store_id, source, conversation_id)
);
CREATE INDEX inbound_conversation_sender ON inbound_conversation (store_id, source, sender_id);

CREATE TABLE inbound_message (
  store_id text NOT NULL,
  source text NOT NULL,
  message_id text NOT NULL,
  conversation_id text NOT NULL,
  outcome smallint NOT NULL,
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  ticket_message_id uuid,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (store_id, source, message_id),
  FOREIGN KEY (store_id, source, conversation_id) REFERENCES inbound_conversation
);
CREATE INDEX inbound_message_ticket ON inbound_message (ticket_id, create_time);

CREATE TABLE outbound_message (
  id uuid PRIMARY KEY,
  store_id text NOT NULL,
  source text NOT NULL,
  conversation_id text NOT NULL,
  sender_id text NOT NULL,
  answered_message_id text NOT NULL,
  text text NOT NULL,
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
  attempt_count integer NOT NULL DEFAULT 0,
  failure text NOT NULL DEFAULT '',
  next_attempt_time timestamptz NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX outbound_message_waiting ON outbound_message (source, create_time, id) WHERE state = 1;
CREATE INDEX outbound_message_failed ON outbound_message (source, create_time, id) WHERE state = 3;
CREATE INDEX outbound_message_list ON outbound_message (source, create_time, id);
