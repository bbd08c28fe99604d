-- why: a snapshot of a million members is no work for one transaction either, and who enters or leaves meanwhile must not alter it.
ALTER TABLE segment_snapshot
  -- How far its members are copied, in the order of contacts; NULL where all are.
  ADD COLUMN copy_cursor uuid;
CREATE INDEX segment_snapshot_copy ON segment_snapshot (segment_id) WHERE copy_cursor IS NOT NULL;
ALTER TABLE segment_snapshot_member
  -- False for who entered since the snapshot was made and must not be copied; such rows go with the end of the copy.
  ADD COLUMN is_member boolean NOT NULL DEFAULT true;
