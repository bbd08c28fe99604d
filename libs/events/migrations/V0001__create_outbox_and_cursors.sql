-- why: a change and its event must be one transaction, and a consumer's effect and its position another one.
CREATE TABLE outbox (
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint GENERATED ALWAYS AS IDENTITY,
  event_id uuid NOT NULL,
  aggregate_type text NOT NULL,
  aggregate_id uuid NOT NULL,
  aggregate_version bigint NOT NULL,
  type text NOT NULL,
  payload bytea NOT NULL,
  happen_time timestamptz NOT NULL,
  record_time timestamptz NOT NULL DEFAULT now(),
  trace_parent text NOT NULL DEFAULT '',
  actor text NOT NULL DEFAULT '',
  PRIMARY KEY (xact, seq)
);

-- The position up to which events were pruned: a consumer that asks for more is told so instead of missing them.
CREATE TABLE outbox_pruned (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  xact xid8 NOT NULL DEFAULT '0',
  seq bigint NOT NULL DEFAULT 0
);
INSERT INTO outbox_pruned DEFAULT VALUES;

-- How far each known consumer of this schema's events has come, for pruning and for the lag that is shown.
CREATE TABLE feed_consumer (
  consumer text PRIMARY KEY,
  epoch text NOT NULL,
  xact text NOT NULL,
  seq bigint NOT NULL,
  update_time timestamptz NOT NULL DEFAULT now()
);

-- How far this schema has consumed each source. `watermark_xact`: every event below it is applied.
-- An operator sets `skip_event_id` to let a consumer pass a poison event, which `stopped_*` name.
CREATE TABLE event_cursor (
  source text PRIMARY KEY,
  epoch text NOT NULL DEFAULT '',
  xact text NOT NULL DEFAULT '0',
  seq bigint NOT NULL DEFAULT 0,
  watermark_xact text NOT NULL DEFAULT '0',
  stopped_event_id uuid,
  stopped_reason text,
  skip_event_id uuid,
  update_time timestamptz NOT NULL DEFAULT now()
);
