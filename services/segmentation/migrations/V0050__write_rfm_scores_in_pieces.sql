-- why: a computation of a million customers must not be one transaction; what is not written yet survives a crash.
ALTER TABLE rfm_policy
  -- Scores of contacts behind this one are still to be written by the last computation; NULL where all are.
  ADD COLUMN write_cursor uuid,
  -- Orders placed after it did not count in the last computation; NULL where it was made before this column was.
  ADD COLUMN count_until timestamptz;
