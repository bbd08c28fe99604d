-- why: a fit is kept with the model it followed, so an old prediction can be made again; lists by value need a table, single values do not.
-- What stayed sold cost the shop so much, as far as it is known; 0 where it is not.
ALTER TABLE purchase ADD COLUMN cost_minor bigint NOT NULL DEFAULT 0;

CREATE TABLE value_model (
  id text PRIMARY KEY,
  -- The model as the JSON of esnaf.segmentation.v1.ValueModel.
  body text NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  -- The newest fit.
  fit_number bigint NOT NULL DEFAULT 0,
  fit_time timestamptz,
  -- When the service last set out to fit it, and what it knew then: who sets these does it.
  attempt_time timestamptz,
  attempt_version bigint NOT NULL DEFAULT 0,
  attempt_purchases bigint NOT NULL DEFAULT 0,
  -- Which rows of contact_value stand, by which fit and as of when.
  list_number bigint NOT NULL DEFAULT 0,
  list_fit_number bigint NOT NULL DEFAULT 0,
  list_time timestamptz,
  list_attempt_time timestamptz
);

CREATE TABLE value_fit (
  model_id text NOT NULL REFERENCES value_model (id),
  number bigint NOT NULL,
  id uuid NOT NULL,
  -- The fit as the JSON of esnaf.segmentation.v1.ValueModelFit.
  body text NOT NULL,
  fit_time timestamptz NOT NULL,
  PRIMARY KEY (model_id, number)
);

CREATE TABLE contact_value (
  model_id text NOT NULL REFERENCES value_model (id),
  list_number bigint NOT NULL,
  contact_id uuid NOT NULL,
  clv_minor bigint NOT NULL,
  churn_probability double precision NOT NULL,
  churn_method smallint NOT NULL,
  expected_purchases double precision NOT NULL,
  value_minor bigint NOT NULL,
  purchase_count integer NOT NULL,
  last_purchase_date date NOT NULL,
  PRIMARY KEY (model_id, list_number, contact_id)
);
CREATE INDEX contact_value_clv ON contact_value (model_id, list_number, clv_minor DESC, contact_id DESC);
CREATE INDEX contact_value_churn ON contact_value (model_id, list_number, churn_probability DESC, contact_id DESC);
