-- why: rules ask for what sums over orders do not say: lines, ways and states of orders, carts, profiles, consents.
ALTER TABLE purchase
  -- By which way it came, for example `web`.
  ADD COLUMN channel text NOT NULL DEFAULT '',
  -- Paid and fulfilled.
  ADD COLUMN completed boolean NOT NULL DEFAULT false,
  -- A line each: sku, category, brand, seller, pieces, value in minor units, in the text form of COPY (fact_lines.h).
  ADD COLUMN lines text NOT NULL DEFAULT '';

CREATE TABLE cart (
  cart_id uuid PRIMARY KEY,
  contact_id uuid,
  store_id text NOT NULL,
  currency_code text NOT NULL,
  value_minor bigint NOT NULL,
  -- Whether an order came of it.
  ordered boolean NOT NULL,
  change_time timestamptz NOT NULL,
  lines text NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX cart_contact ON cart (contact_id);

-- What contacts says of each contact, unmerged; the values of a person are chosen when read (person_profile.h).
CREATE TABLE person_profile (
  contact_id uuid PRIMARY KEY,
  version bigint NOT NULL,
  deleted boolean NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  given_name text NOT NULL,
  family_name text NOT NULL,
  company_name text NOT NULL,
  locale text NOT NULL,
  lifecycle_stage text NOT NULL,
  owner text NOT NULL,
  country_code text NOT NULL,
  city text NOT NULL,
  has_email boolean NOT NULL,
  has_phone boolean NOT NULL,
  tags text[] NOT NULL,
  -- A line each: key, type, value, in the text form of COPY.
  custom_fields text NOT NULL
);

-- The newest line of the consent ledger of each contact, purpose and channel, whichever recipient.
CREATE TABLE person_consent (
  contact_id uuid NOT NULL,
  purpose text NOT NULL,
  channel text NOT NULL,
  granted boolean NOT NULL,
  consent_time timestamptz NOT NULL,
  record_time timestamptz NOT NULL,
  consent_id uuid NOT NULL,
  PRIMARY KEY (contact_id, purpose, channel)
);

-- Whose facts changed, in an order in which nothing appears late: copies of the facts in memory follow it. A change of
-- nobody in particular is one of everybody.
CREATE TABLE person_change (
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint GENERATED ALWAYS AS IDENTITY,
  contact_id uuid,
  record_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (xact, seq)
);
