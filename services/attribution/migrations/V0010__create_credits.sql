-- why: orders are set against the touches before them; what was told stays known when a refund or a log-in restates it.

-- Each order as a conversion, as orders last told of it, and what was last made of it.
CREATE TABLE conversion (
  order_id uuid PRIMARY KEY,
  contact_id uuid,
  store_id text NOT NULL,
  order_external_id text NOT NULL,
  currency_code text NOT NULL,
  place_time timestamptz NOT NULL,
  is_return boolean NOT NULL,
  cancelled boolean NOT NULL,
  revenue_minor bigint NOT NULL,
  refunded_minor bigint NOT NULL,
  net_minor bigint NOT NULL,
  cost_minor bigint NOT NULL,
  order_version bigint NOT NULL,
  -- Why it was changed since it was last credited; NULL where it was not.
  change_reason text,
  -- How often it was credited, and a digest of how; what is credited alike again is not written again.
  credit_number integer NOT NULL DEFAULT 0,
  credit_digest uuid
);
CREATE INDEX conversion_contact ON conversion (contact_id, place_time) WHERE contact_id IS NOT NULL;
CREATE INDEX conversion_external_id ON conversion (store_id, order_external_id);
CREATE INDEX conversion_place_time ON conversion (place_time);
-- Orders of nobody known that wait to be credited; those of people wait in path_change.
CREATE INDEX conversion_anonymous_changed ON conversion (order_id) WHERE contact_id IS NULL AND change_reason IS NOT NULL;

-- When the cart was begun that an order came of.
CREATE TABLE cart_begin (
  store_id text NOT NULL,
  order_external_id text NOT NULL,
  begin_time timestamptz NOT NULL,
  PRIMARY KEY (store_id, order_external_id)
);

-- What each touch earns under each model, as it is known now. One partition a model, so that a report reads one.
-- Without a touch an order is unattributed under every model alike: one row of model 0. `share` is in millionths of a
-- conversion.
CREATE TABLE credit (
  model smallint NOT NULL,
  order_id uuid NOT NULL,
  position smallint NOT NULL,
  touchpoint_id uuid,
  traffic_source_id uuid,
  store_id text NOT NULL,
  currency_code text NOT NULL,
  day date NOT NULL,
  new_customer boolean NOT NULL,
  share integer NOT NULL,
  revenue_minor bigint NOT NULL,
  net_minor bigint NOT NULL,
  cost_minor bigint NOT NULL,
  known_from timestamptz NOT NULL
) PARTITION BY LIST (model);
CREATE TABLE credit_unattributed PARTITION OF credit FOR VALUES IN (0);
CREATE TABLE credit_first PARTITION OF credit FOR VALUES IN (1);
CREATE TABLE credit_last PARTITION OF credit FOR VALUES IN (2);
CREATE TABLE credit_last_non_direct PARTITION OF credit FOR VALUES IN (3);
CREATE TABLE credit_linear PARTITION OF credit FOR VALUES IN (4);
CREATE TABLE credit_time_decay PARTITION OF credit FOR VALUES IN (5);
CREATE TABLE credit_position_based PARTITION OF credit FOR VALUES IN (6);
CREATE TABLE credit_u_shaped PARTITION OF credit FOR VALUES IN (7);
CREATE TABLE credit_w_shaped PARTITION OF credit FOR VALUES IN (8);
CREATE TABLE credit_markov PARTITION OF credit FOR VALUES IN (9);
CREATE TABLE credit_shapley PARTITION OF credit FOR VALUES IN (10);
CREATE INDEX credit_order ON credit (order_id);
CREATE INDEX credit_day ON credit (day);

-- What was credited before, from when to when that was known.
CREATE TABLE superseded_credit (LIKE credit, known_until timestamptz NOT NULL);
CREATE INDEX superseded_credit_day ON superseded_credit (model, day);

-- What each order was worth from when on, and why that changed.
CREATE TABLE restatement (
  order_id uuid NOT NULL,
  number integer NOT NULL,
  restate_time timestamptz NOT NULL,
  reason text NOT NULL,
  revenue_minor bigint NOT NULL,
  net_minor bigint NOT NULL,
  cost_minor bigint NOT NULL,
  PRIMARY KEY (order_id, number)
);

-- The removal effects of channels, as the paths of some weeks before `fit_time` had them. An order is credited by the
-- last fit before it, or by the first one where it is older.
CREATE TABLE markov_fit (
  fit_time timestamptz PRIMARY KEY,
  markov_order smallint NOT NULL,
  channels text[] NOT NULL,
  removal_effects double precision[] NOT NULL
);

-- By what credit is given: one row.
CREATE TABLE attribution_settings (
  singleton boolean PRIMARY KEY CHECK (singleton),
  first_click_days integer NOT NULL,
  first_view_days integer NOT NULL,
  repeat_click_days integer NOT NULL,
  repeat_view_days integer NOT NULL,
  half_life_days double precision NOT NULL,
  markov_order integer NOT NULL,
  time_zone text NOT NULL,
  version bigint NOT NULL,
  update_time timestamptz NOT NULL
);
INSERT INTO attribution_settings VALUES (true, 30, 1, 30, 1, 7, 1, 'Europe/Istanbul', 1, now());
