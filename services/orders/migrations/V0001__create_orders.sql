-- why: an order is one row: columns for what lists filter and sort by, and the whole order as its contract's message, which
-- reads answer and events carry. Lines are not rows: no read of this service needs one alone, and they would be most of the
-- cost of recording an order.
CREATE TABLE store (
  id text PRIMARY KEY,
  display_name text NOT NULL,
  currency text NOT NULL,
  time_zone text NOT NULL,
  country_code text NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);

CREATE TABLE product (
  store_id text NOT NULL REFERENCES store (id),
  sku text NOT NULL,
  id uuid NOT NULL,  -- made from (store, sku); ends the order of lists
  title text NOT NULL,
  category text NOT NULL,
  brand text NOT NULL,
  price bigint,
  cost bigint,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  PRIMARY KEY (store_id, sku)
);

-- Enums hold the numbers of the contract. `id` is made from (store_id, external_id), so its key makes these unique too.
CREATE TABLE orders (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  store_id text NOT NULL,
  external_id text NOT NULL,
  contact_id uuid,
  -- When the linker tries next to find the contact; NULL once the order is linked, or known to have no customer.
  link_after timestamptz,
  kind smallint NOT NULL,
  state smallint NOT NULL,
  payment_state smallint NOT NULL,
  fulfillment_state smallint NOT NULL,
  channel text NOT NULL,
  currency text NOT NULL,
  gross bigint NOT NULL,
  total bigint NOT NULL,
  refunded bigint NOT NULL,
  net bigint NOT NULL,
  place_time timestamptz NOT NULL,
  source_version bigint NOT NULL,
  source_update_time timestamptz NOT NULL,
  tags text[] NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  body bytea COMPRESSION lz4 NOT NULL
);
-- Not UNIQUE: the key is so already, and ON CONFLICT can watch but one unique index without a race.
CREATE INDEX orders_external_id ON orders (external_id, store_id);
CREATE INDEX orders_contact ON orders (contact_id, place_time) WHERE contact_id IS NOT NULL;
CREATE INDEX orders_place_time ON orders (place_time, id);
CREATE INDEX orders_unlinked ON orders (link_after) WHERE link_after IS NOT NULL;
-- Bodies are replaced whole and never searched; room on the page lets updates stay beside the old row.
ALTER TABLE orders SET (fillfactor = 90);

CREATE TABLE cart (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  store_id text NOT NULL,
  external_id text NOT NULL,
  contact_id uuid,
  link_after timestamptz,
  state smallint NOT NULL,
  source_update_time timestamptz NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  body bytea COMPRESSION lz4 NOT NULL
);
CREATE INDEX cart_contact ON cart (contact_id, update_time) WHERE contact_id IS NOT NULL;
CREATE INDEX cart_update_time ON cart (update_time, id);
CREATE INDEX cart_unlinked ON cart (link_after) WHERE link_after IS NOT NULL;
