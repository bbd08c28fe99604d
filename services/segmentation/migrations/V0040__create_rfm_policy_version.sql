-- why: a policy decides how customers are treated, so what was in force when, and what is being tried, is kept.
CREATE TABLE rfm_policy_version (
  policy_id text NOT NULL REFERENCES rfm_policy (id),
  version bigint NOT NULL,
  -- The numbers of esnaf.segmentation.v1.RfmPolicyVersionState.
  state smallint NOT NULL,
  -- The policy as JSON, as in rfm_policy.
  body text NOT NULL,
  -- The version in force when a draft was saved; 0 for what was in force itself.
  base_version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  actor text NOT NULL,
  PRIMARY KEY (policy_id, version)
);
CREATE UNIQUE INDEX rfm_policy_version_draft ON rfm_policy_version (policy_id) WHERE state = 1;

INSERT INTO rfm_policy_version (policy_id, version, state, body, base_version, create_time, actor)
SELECT id, version, 2, body, 0, update_time, 'service:segmentation' FROM rfm_policy;
