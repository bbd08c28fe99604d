-- why: rules ask when somebody is expected to order next and how long somebody usually waits, which lists did not keep.
ALTER TABLE contact_value
  -- NULL in lists that were made before these columns, and where it is not known.
  ADD COLUMN next_purchase_date date,
  ADD COLUMN mean_gap_days double precision;
