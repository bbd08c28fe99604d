-- why: a segment of a million members is left by all of them, each with an event; that is no work for one transaction.
ALTER TABLE segment
  -- Since when it is being deleted: nobody sees it any more, and its members leave it piece by piece.
  ADD COLUMN delete_time timestamptz;
CREATE INDEX segment_delete ON segment (delete_time) WHERE delete_time IS NOT NULL;
