-- why: a label is derived, so beside it stand the policy and the thresholds that it was derived by, and what it was before.
CREATE TABLE rfm_policy (
  id text PRIMARY KEY,
  -- The policy as the JSON of esnaf.segmentation.v1.RfmPolicy: for people to read, and new fields need no column.
  body text NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  -- The policy by which people are scored now, with its thresholds and currency; NULL until the first computation.
  active_body text,
  active_version bigint,
  as_of_time timestamptz,
  compute_time timestamptz,
  scored_count bigint NOT NULL DEFAULT 0,
  -- People whose purchases changed since that computation.
  touched_count bigint NOT NULL DEFAULT 0,
  -- Counts label changes; numbers rfm_history and the versions of its events.
  change_count bigint NOT NULL DEFAULT 0
);

CREATE TABLE rfm_score (
  policy_id text NOT NULL REFERENCES rfm_policy (id),
  contact_id uuid NOT NULL,
  policy_version bigint NOT NULL,
  label text NOT NULL,
  previous_label text NOT NULL,
  label_time timestamptz NOT NULL,
  recency_days bigint NOT NULL,
  frequency bigint NOT NULL,
  monetary_minor bigint NOT NULL,
  recency_score smallint NOT NULL,
  frequency_score smallint NOT NULL,
  monetary_score smallint NOT NULL,
  as_of_time timestamptz NOT NULL,
  PRIMARY KEY (policy_id, contact_id)
);
CREATE INDEX rfm_score_value ON rfm_score (policy_id, monetary_minor DESC, contact_id DESC);
CREATE INDEX rfm_score_label ON rfm_score (policy_id, label, monetary_minor DESC, contact_id DESC);

CREATE TABLE rfm_history (
  policy_id text NOT NULL REFERENCES rfm_policy (id),
  number bigint NOT NULL,
  -- The id of the event that told of it.
  id uuid NOT NULL,
  contact_id uuid NOT NULL,
  -- Empty where the person has no label any more: merged into another, or nothing counts.
  label text NOT NULL,
  previous_label text NOT NULL,
  label_time timestamptz NOT NULL,
  scores text NOT NULL,
  recency_days bigint NOT NULL,
  frequency bigint NOT NULL,
  monetary_minor bigint NOT NULL,
  direction smallint NOT NULL,
  PRIMARY KEY (policy_id, number)
);
CREATE INDEX rfm_history_contact ON rfm_history (policy_id, contact_id, label_time DESC, number DESC);
