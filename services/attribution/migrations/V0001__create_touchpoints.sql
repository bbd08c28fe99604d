-- why: touches arrive by the million and never change; what they came from lies once per source, so that regrouping
-- channels rewrites thousands of rows instead of millions.

-- One row for each different (campaign parameters, ad platform, referrer). The upper half is what was told and makes the
-- id; the lower half is derived by the channel rules of `rules_version` and derived again when these change.
CREATE TABLE traffic_source (
  id uuid PRIMARY KEY,
  utm_source text NOT NULL,
  utm_medium text NOT NULL,
  campaign text NOT NULL,
  content text NOT NULL,
  term text NOT NULL,
  source_platform text NOT NULL,
  ad_platform text NOT NULL,
  campaign_id text NOT NULL,
  ad_group_id text NOT NULL,
  ad_id text NOT NULL,
  referrer_host text NOT NULL,
  self_referral boolean NOT NULL,
  source text NOT NULL,
  medium text NOT NULL,
  channel text NOT NULL,
  paid boolean NOT NULL,
  direct boolean NOT NULL,
  internal boolean NOT NULL,
  rules_version bigint NOT NULL
);
CREATE INDEX traffic_source_rules_version ON traffic_source (rules_version);

-- The id is made from (store_id, event_id). Without consent a touch has no visitor, contact, click ids, addresses nor
-- user agent. `consent` holds one letter each for ad storage, analytics storage, ad user data and ad personalization:
-- G granted, D denied, U not told.
CREATE TABLE touchpoint (
  id uuid PRIMARY KEY,
  store_id text NOT NULL,
  event_id text NOT NULL,
  visitor_id text,
  contact_id uuid,
  occur_time timestamptz NOT NULL,
  receive_time timestamptz NOT NULL,
  kind smallint NOT NULL,
  name text NOT NULL,
  traffic_source_id uuid NOT NULL,
  consent text NOT NULL,
  bot boolean NOT NULL,
  click_ids jsonb,
  referrer text,
  landing_page text,
  user_agent text
);
CREATE INDEX touchpoint_visitor ON touchpoint (visitor_id, occur_time) WHERE visitor_id IS NOT NULL;
CREATE INDEX touchpoint_contact ON touchpoint (contact_id, occur_time) WHERE contact_id IS NOT NULL;
CREATE INDEX touchpoint_occur_time ON touchpoint (occur_time, id);

-- Who a visitor was from a time on: a contact, or whoever has an identity, which is looked up on each read. `proven`
-- where a back end or an order said so, else a browser's claim, which counts only where nothing is proven.
CREATE TABLE visitor_link (
  visitor_id text NOT NULL,
  link_time timestamptz NOT NULL,
  contact_id uuid,
  identity_kind smallint,
  identity_store_id text NOT NULL DEFAULT '',
  identity_value text NOT NULL DEFAULT '',
  proven boolean NOT NULL,
  create_time timestamptz NOT NULL,
  CHECK ((contact_id IS NULL) <> (identity_kind IS NULL))
);
CREATE UNIQUE INDEX visitor_link_key ON visitor_link
  (visitor_id, link_time, proven, coalesce(contact_id, '00000000-0000-0000-0000-000000000000'),
   coalesce(identity_kind, 0), identity_store_id, identity_value);
CREATE INDEX visitor_link_contact ON visitor_link (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX visitor_link_identity ON visitor_link (identity_kind, identity_store_id, identity_value)
  WHERE identity_kind IS NOT NULL;

-- Contacts whose path may have changed since their credits were made: a visitor was linked, a merge, a late touch.
CREATE TABLE path_change (
  contact_id uuid PRIMARY KEY,
  change_time timestamptz NOT NULL
);
CREATE INDEX path_change_time ON path_change (change_time);
