-- why: rules ask for the scores of a few people under every policy, and the key of the table leads with the policy.
CREATE INDEX rfm_score_contact ON rfm_score (contact_id);
