-- why: a cart that is left alone is the most valuable thing to remind somebody of; time and orders change it, not its source.
ALTER TABLE cart
  -- When the watch looks at it next; NULL where nothing but a delivery or an order can change it.
  ADD COLUMN check_time timestamptz,
  ADD COLUMN activity_time timestamptz,
  ADD COLUMN value bigint NOT NULL DEFAULT 0,
  ADD COLUMN abandon_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN order_external_id text NOT NULL DEFAULT '',
  ADD COLUMN order_id uuid;
-- Carts of before say in their bodies what they hold, which SQL cannot read: the watch fills the columns at its first look.
UPDATE cart SET activity_time = source_update_time, check_time = now();
ALTER TABLE cart ALTER COLUMN activity_time SET NOT NULL;
CREATE INDEX cart_check ON cart (check_time) WHERE check_time IS NOT NULL;
CREATE INDEX cart_store_check ON cart (store_id, id) WHERE check_time IS NOT NULL;
CREATE INDEX cart_state ON cart (state, update_time, id);
CREATE INDEX cart_order ON cart (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX cart_named_order ON cart (order_external_id, store_id) WHERE order_external_id <> '';

-- One row a store whose policy somebody has changed; the defaults are the program's.
CREATE TABLE cart_policy (
  store_id text PRIMARY KEY REFERENCES store (id),
  idle_minutes integer NOT NULL,
  expire_days integer NOT NULL,
  recovery_days integer NOT NULL,
  min_value bigint NOT NULL,
  version bigint NOT NULL,
  update_time timestamptz NOT NULL,
  -- Of the store's carts, those with a higher id are still to be looked at by this policy; NULL once all were.
  check_after uuid
);
CREATE INDEX cart_policy_check ON cart_policy (store_id) WHERE check_after IS NOT NULL;

-- Up to where the watch has seen the events of the own outbox. Its lock makes one watch of many replicas.
CREATE TABLE cart_watch (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  xact xid8 NOT NULL DEFAULT '0',
  seq bigint NOT NULL DEFAULT 0,
  -- Carts of before that were idle already are never told as abandoned.
  begin_time timestamptz NOT NULL DEFAULT now()
);
-- Old orders have nothing to do with carts that are looked at now anyway.
INSERT INTO cart_watch (xact) VALUES (pg_snapshot_xmin(pg_current_snapshot()));

-- Signs the links to carts.
CREATE TABLE cart_secret (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  secret bytea NOT NULL
);
INSERT INTO cart_secret (secret) VALUES (sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));
