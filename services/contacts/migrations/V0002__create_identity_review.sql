-- why: an identity that points at two people waits for a human, and remembers who claimed it.
CREATE TABLE identity_review (
  id uuid PRIMARY KEY,
  kind smallint NOT NULL,
  store_id text NOT NULL DEFAULT '',
  value text NOT NULL,
  verified boolean NOT NULL,
  owner_contact_id uuid NOT NULL REFERENCES contact (id),
  claimant_contact_id uuid NOT NULL REFERENCES contact (id),
  -- 0 open, 1 merged, 2 kept apart
  decision smallint NOT NULL DEFAULT 0,
  actor text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL,
  decide_time timestamptz,
  UNIQUE (kind, store_id, value, owner_contact_id, claimant_contact_id)
);
CREATE INDEX identity_review_open ON identity_review (create_time, id) WHERE decision = 0;
CREATE INDEX identity_review_owner ON identity_review (owner_contact_id);
CREATE INDEX identity_review_claimant ON identity_review (claimant_contact_id);
