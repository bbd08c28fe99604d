-- why: a campaign and an export go to the people who were in a segment at one moment, however it changes while they run.
CREATE TABLE segment_snapshot (
  id uuid PRIMARY KEY,
  segment_id text NOT NULL,
  segment_version bigint NOT NULL,
  display_name text NOT NULL,
  member_count bigint NOT NULL,
  as_of_time timestamptz NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX segment_snapshot_segment ON segment_snapshot (segment_id, create_time DESC, id DESC);

CREATE TABLE segment_snapshot_member (
  snapshot_id uuid NOT NULL REFERENCES segment_snapshot (id) ON DELETE CASCADE,
  contact_id uuid NOT NULL,
  PRIMARY KEY (snapshot_id, contact_id)
);
