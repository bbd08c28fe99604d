-- why: what advertising cost is set against the orders that it brought, day by day and in the store's currency
CREATE TABLE currency_rate (
  from_currency text NOT NULL,
  to_currency text NOT NULL,
  day date NOT NULL,
  rate_nanos bigint NOT NULL CHECK (rate_nanos > 0),
  source text NOT NULL,
  update_time timestamptz NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  PRIMARY KEY (from_currency, to_currency, day)
);

CREATE TABLE ad_spend_import (
  id uuid PRIMARY KEY,
  store_id text NOT NULL,
  import_time timestamptz NOT NULL,
  -- The whole answer without the lines that were skipped, as esnaf.attribution.v1.AdSpendImport.
  summary bytea NOT NULL
);
CREATE INDEX ad_spend_import_by_store ON ad_spend_import (store_id, import_time DESC, id DESC);

CREATE TABLE ad_spend (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  store_id text NOT NULL,
  platform text NOT NULL,
  account_id text NOT NULL,
  day date NOT NULL,
  campaign_id text NOT NULL,
  campaign text NOT NULL,
  ad_group_id text NOT NULL,
  ad_group text NOT NULL,
  ad_id text NOT NULL,
  ad text NOT NULL,
  keyword text NOT NULL,
  search_query text NOT NULL,
  impressions bigint NOT NULL,
  clicks bigint NOT NULL,
  -- In minor units of the store's currency.
  cost_units bigint NOT NULL,
  currency text NOT NULL,
  -- As it was paid, in millionths of that currency's unit.
  original_cost_micros bigint NOT NULL,
  original_currency text NOT NULL,
  reported_conversions_micros bigint NOT NULL,
  reported_value_micros bigint NOT NULL,
  import_id uuid NOT NULL REFERENCES ad_spend_import
);
CREATE INDEX ad_spend_by_day ON ad_spend (store_id, day);
CREATE INDEX ad_spend_by_account ON ad_spend (store_id, platform, account_id, day);
