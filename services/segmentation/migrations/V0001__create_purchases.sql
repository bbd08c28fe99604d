-- why: every value per person is a sum over orders that never move; merges only change who they are summed for.
CREATE TABLE purchase (
  order_id uuid PRIMARY KEY,
  -- As the order names it, unmerged; NULL once an order that was linked is so no more.
  contact_id uuid,
  store_id text NOT NULL,
  place_time timestamptz NOT NULL,
  currency_code text NOT NULL,
  kind smallint NOT NULL,
  cancelled boolean NOT NULL,
  -- What it counts for on each basis, and whether it is one of the person's orders: purchase.cc decides.
  net_value_minor bigint NOT NULL,
  gross_value_minor bigint NOT NULL,
  counts_net boolean NOT NULL,
  counts_gross boolean NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX purchase_contact ON purchase (contact_id);
