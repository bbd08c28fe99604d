-- why: storefronts' deliveries overtake each other, and not all that they tell has a time of its own in our rows; and
-- what a platform demands for a person's privacy must outlive the delivery that told it.
CREATE TABLE storefront_mark (
  store_id text NOT NULL,
  kind text NOT NULL,  -- `product`, `fulfillment`, `ordered_cart`
  external_id text NOT NULL,
  update_time timestamptz NOT NULL,  -- of the newest delivery that was handled
  value text NOT NULL,
  PRIMARY KEY (store_id, kind, external_id)
);

CREATE TABLE storefront_request (
  id uuid PRIMARY KEY,
  connector text NOT NULL,
  store_id text NOT NULL,
  topic text NOT NULL,
  subject text NOT NULL,
  delivery_external_id text NOT NULL,
  receive_time timestamptz NOT NULL,
  UNIQUE (connector, store_id, delivery_external_id)
);
