-- why: what other systems are to be told of a ticket must not be lost where they are away, nor be told of what was rolled back.
CREATE TABLE ticket_webhook (
  id text PRIMARY KEY,
  display_name text NOT NULL,
  url text NOT NULL,
  -- What calls are signed with; only this role reads it.
  secret bytea NOT NULL,
  disabled boolean NOT NULL,
  -- Until then it is left in peace: somebody is calling it, or it was away or overloaded just now.
  pause_until_time timestamptz NOT NULL DEFAULT '-infinity',
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);

CREATE TABLE ticket_webhook_call (
  id uuid PRIMARY KEY,
  webhook_id text NOT NULL,
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  type text NOT NULL,
  body text NOT NULL,
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
  attempt_count integer NOT NULL DEFAULT 0,
  next_attempt_time timestamptz NOT NULL,
  http_status integer NOT NULL DEFAULT 0,
  failure text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL
);
CREATE INDEX ticket_webhook_call_due ON ticket_webhook_call (webhook_id, next_attempt_time, id) WHERE state = 1;
CREATE INDEX ticket_webhook_call_create_time ON ticket_webhook_call (create_time, id);
CREATE INDEX ticket_webhook_call_webhook ON ticket_webhook_call (webhook_id, create_time, id);
