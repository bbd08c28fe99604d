-- why: who changed what, and who was refused, must be found afterwards; newest first, also of one actor.
CREATE TABLE audit_entry (
  id uuid PRIMARY KEY,
  call_time timestamptz NOT NULL,
  actor text NOT NULL,
  method text NOT NULL,
  code text NOT NULL,
  request_id text NOT NULL,
  peer text NOT NULL
);
CREATE INDEX audit_entry_actor_index ON audit_entry (actor, id);
