-- why: who became likely to leave, or worth much more or less, is to be told once; so where each stood and how far is told is kept.
ALTER TABLE contact_value
  -- The numbers of esnaf.segmentation.v1.ChurnRisk and ValueBand; 0 in lists that were made before there were any.
  ADD COLUMN churn_risk smallint NOT NULL DEFAULT 0,
  ADD COLUMN value_band smallint NOT NULL DEFAULT 0;

ALTER TABLE value_model
  -- The list that stood before, while it is compared with the one that stands, and behind which contact that goes on;
  -- NULL where all is told.
  ADD COLUMN tell_from_list bigint,
  ADD COLUMN tell_cursor uuid;
