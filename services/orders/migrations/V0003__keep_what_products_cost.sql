-- why: a sale that becomes known late has the cost of its day, and people wait for lower prices and for what was sold out.
ALTER TABLE product
  ADD COLUMN version bigint NOT NULL DEFAULT 1,
  ADD COLUMN parent_sku text NOT NULL DEFAULT '',
  ADD COLUMN options text[] NOT NULL DEFAULT '{}',  -- names and values, by turns
  ADD COLUMN categories text[] NOT NULL DEFAULT '{}',
  ADD COLUMN stock_quantity bigint,
  -- Since when the cost is what it is; NULL where it was never known.
  ADD COLUMN cost_time timestamptz;
UPDATE product SET cost_time = update_time WHERE cost IS NOT NULL;
CREATE INDEX product_parent ON product (store_id, parent_sku) WHERE parent_sku <> '';

-- Each cost and price with when it began to count; NULL where it was taken away.
CREATE TABLE product_cost (
  store_id text NOT NULL,
  sku text NOT NULL,
  from_time timestamptz NOT NULL,
  cost bigint,
  PRIMARY KEY (store_id, sku, from_time)
);
INSERT INTO product_cost SELECT store_id, sku, update_time, cost FROM product WHERE cost IS NOT NULL;
CREATE TABLE product_price (
  store_id text NOT NULL,
  sku text NOT NULL,
  from_time timestamptz NOT NULL,
  price bigint,
  PRIMARY KEY (store_id, sku, from_time)
);
INSERT INTO product_price SELECT store_id, sku, update_time, price FROM product WHERE price IS NOT NULL;
