-- why: what other systems post must be kept before it is answered, known again when it comes twice, and tried again when
-- it cannot be handled; and each store has secrets of its own, by which it is verified.
CREATE TABLE hook_connection (
  id uuid PRIMARY KEY,
  connector text NOT NULL,
  store_id text NOT NULL,
  -- By name. What is only compared is kept as its SHA-256.
  secrets jsonb NOT NULL,
  create_time timestamptz NOT NULL,
  UNIQUE (connector, store_id)
);

CREATE TABLE hook_delivery (
  id uuid PRIMARY KEY,
  connector text NOT NULL,
  store_id text NOT NULL,
  external_id text NOT NULL,
  -- As the sender told it, without secrets.
  payload bytea NOT NULL,
  receive_time timestamptz NOT NULL,
  state smallint NOT NULL,
  attempt_count int NOT NULL DEFAULT 0,
  -- While it waits; a worker that takes it moves it ahead, so that nobody else takes it meanwhile.
  next_attempt_time timestamptz NOT NULL,
  finish_time timestamptz,
  message text NOT NULL DEFAULT '',
  subject_id text NOT NULL DEFAULT '',
  UNIQUE (connector, store_id, external_id)
);
CREATE INDEX hook_delivery_due ON hook_delivery (next_attempt_time, id) WHERE state = 1;
CREATE INDEX hook_delivery_newest ON hook_delivery (connector, receive_time DESC, id);
CREATE INDEX hook_delivery_done ON hook_delivery (finish_time) WHERE state = 2;
