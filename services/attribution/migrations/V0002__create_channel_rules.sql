-- why: channels of the past follow the rules, so every version of the rules is kept, and what was dropped is counted.
CREATE TABLE channel_rules (
  version bigint PRIMARY KEY,
  body jsonb NOT NULL,
  create_time timestamptz NOT NULL,
  actor text NOT NULL
);

-- Touches that a visitor sent beyond the bound of a day (UTC).
CREATE TABLE dropped_touch (
  store_id text NOT NULL,
  day date NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (store_id, day)
);
