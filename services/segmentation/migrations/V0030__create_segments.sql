-- why: a segment's members are derived from its rule, or from a list that is a fact; what stands must be readable without deriving it anew.
CREATE TABLE segment (
  id text PRIMARY KEY,
  -- Made from the id: ends the order of lists, whose tokens hold a uuid.
  uid uuid NOT NULL UNIQUE,
  -- The segment as the JSON of esnaf.segmentation.v1.Segment: for people to read, and new fields need no column.
  body text NOT NULL,
  display_name text NOT NULL,
  -- The numbers are those of esnaf.segmentation.v1.SegmentKind.
  kind smallint NOT NULL,
  store_id text NOT NULL,
  -- The segments that its rule names.
  refers_to text[] NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  member_count bigint NOT NULL DEFAULT 0,
  -- As of when the members stand; NULL until they were counted once.
  as_of_time timestamptz,
  -- Counts entries and exits on from the microsecond of creation; numbers the versions of their events.
  change_count bigint NOT NULL
);

-- Who is in a segment, as canonical contacts.
CREATE TABLE segment_member (
  segment_id text NOT NULL REFERENCES segment (id) ON DELETE CASCADE,
  contact_id uuid NOT NULL,
  enter_time timestamptz NOT NULL,
  PRIMARY KEY (segment_id, contact_id)
);
CREATE INDEX segment_member_contact ON segment_member (contact_id);

-- Who was put on a static list, as the contact was called then: a merge changes whom that means, not this.
CREATE TABLE segment_list_entry (
  segment_id text NOT NULL REFERENCES segment (id) ON DELETE CASCADE,
  contact_id uuid NOT NULL,
  add_time timestamptz NOT NULL,
  PRIMARY KEY (segment_id, contact_id)
);
CREATE INDEX segment_list_entry_contact ON segment_list_entry (contact_id);
