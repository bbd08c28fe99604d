-- why: rules ask by which way a person's first order came, which attribution tells of orders; merges decide on read whose first one counts.
CREATE TABLE acquisition (
  order_id uuid PRIMARY KEY,
  contact_id uuid,
  place_time timestamptz NOT NULL,
  -- Whether attribution takes it for the person's first order; the rest is empty where it does not.
  first_order boolean NOT NULL,
  channel text NOT NULL,
  source text NOT NULL,
  medium text NOT NULL,
  campaign text NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX acquisition_contact ON acquisition (contact_id) WHERE first_order;
-- Attribution told of other things before anybody listened, and has forgotten some of it: begin with what it still keeps.
INSERT INTO event_cursor (source, from_oldest, update_time) VALUES ('attribution', true, '-infinity') ON CONFLICT DO NOTHING;
