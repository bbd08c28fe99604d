-- why: one table holds what happened with a person, whoever tells it, so that a timeline is one index scan.
CREATE TABLE timeline_entry (
  id uuid PRIMARY KEY,
  contact_id uuid NOT NULL,
  kind smallint NOT NULL,
  channel smallint NOT NULL DEFAULT 0,
  occur_time timestamptz NOT NULL,
  summary text NOT NULL,
  subject_id text NOT NULL DEFAULT '',
  -- The version of the order or other thing that the entry was made from; 0 for our own facts, which never change.
  subject_version bigint NOT NULL DEFAULT 0
);
CREATE INDEX timeline_entry_contact ON timeline_entry (contact_id, occur_time DESC, id);
CREATE INDEX timeline_entry_subject ON timeline_entry (subject_id) WHERE subject_version > 0;

CREATE TABLE interaction (
  id uuid PRIMARY KEY,
  contact_id uuid NOT NULL REFERENCES contact (id),
  channel smallint NOT NULL,
  direction smallint NOT NULL,
  external_id text NOT NULL,
  thread_id text NOT NULL DEFAULT '',
  actor text NOT NULL DEFAULT '',
  subject text NOT NULL DEFAULT '',
  body text NOT NULL DEFAULT '',
  attachments jsonb NOT NULL DEFAULT '[]',
  occur_time timestamptz NOT NULL,
  call_outcome text NOT NULL DEFAULT '',
  call_duration_us bigint,
  create_time timestamptz NOT NULL,
  UNIQUE (channel, external_id)
);
CREATE INDEX interaction_contact ON interaction (contact_id, occur_time DESC);
CREATE INDEX interaction_thread ON interaction (channel, thread_id) WHERE thread_id <> '';
