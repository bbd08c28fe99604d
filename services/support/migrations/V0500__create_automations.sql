-- why: what the desk does by itself is data that people change, done once for each event and told with why.
-- Which kinds of records there are is what the rooms of the desk say; each adds its own.
ALTER TABLE desk_record DROP CONSTRAINT IF EXISTS desk_record_kind_check;

-- How far the events were looked at: from the next one on. `epoch`: in which life of the data (schema_identity) that
-- counts; empty before the first move.
CREATE TABLE automation_cursor (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  xact text NOT NULL,
  seq bigint NOT NULL,
  epoch text NOT NULL DEFAULT ''
);
INSERT INTO automation_cursor (xact, seq) VALUES (pg_current_xact_id()::text, 0);

CREATE TABLE automation_run (
  id uuid PRIMARY KEY,
  automation_id text NOT NULL,
  automation_version bigint NOT NULL,
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  -- The event of the outbox; of a timer none.
  event_id uuid,
  outcome smallint NOT NULL CHECK (outcome BETWEEN 1 AND 3),
  body jsonb NOT NULL,
  run_time timestamptz NOT NULL,
  UNIQUE (automation_id, event_id)
);
CREATE INDEX automation_run_time ON automation_run (run_time, id);
CREATE INDEX automation_run_automation ON automation_run (automation_id, run_time, id);
CREATE INDEX automation_run_ticket ON automation_run (ticket_id, run_time, id);

-- For which beginning of its clock a timer has acted on a ticket last; kept as long as the automation, and until the
-- ticket is done for good.
CREATE TABLE automation_timer_mark (
  automation_id text NOT NULL,
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  clock_start_time timestamptz NOT NULL,
  PRIMARY KEY (automation_id, ticket_id)
);
-- Timers look at what is not done for good, which is little of all there is, by its age.
CREATE INDEX ticket_timed ON ticket (create_time, id) WHERE state <= 6;
