-- why: a report over a year added up a hundred thousand credits and rows of spend each time; what each day came to is kept instead, and days that changed since are added up anew

-- What each source earned on a day of a store: so many records one behind the other, of a source's id (16 bytes; zeros
-- where nobody is credited) and five big-endian numbers of 8 bytes: share, that of new customers, revenue, net and cost.
-- A report reads a year of them in a few hundred rows.
CREATE TABLE credit_day_sum (
  model smallint NOT NULL,
  day date NOT NULL,
  store_id text NOT NULL,
  currency_code text NOT NULL,
  -- Of `credit` that are in the sums.
  row_count bigint NOT NULL,
  -- Since when the day has been known as it is: a report as it was known then, or later, can use the sums.
  known_since timestamptz NOT NULL,
  sums bytea NOT NULL,
  -- Of the same sources in the same order, revenue, net and cost of new customers.
  new_sums bytea NOT NULL,
  PRIMARY KEY (model, day, store_id, currency_code)
);

-- Likewise what each campaign cost: its id and cost, impressions and clicks.
CREATE TABLE spend_day_sum (
  day date NOT NULL,
  store_id text NOT NULL,
  currency text NOT NULL,
  known_since timestamptz NOT NULL,
  sums bytea NOT NULL,
  PRIMARY KEY (day, store_id, currency)
);

-- Packing them would cost more than reading them.
ALTER TABLE credit_day_sum ALTER COLUMN sums SET STORAGE EXTERNAL;
ALTER TABLE credit_day_sum ALTER COLUMN new_sums SET STORAGE EXTERNAL;
ALTER TABLE spend_day_sum ALTER COLUMN sums SET STORAGE EXTERNAL;

-- The campaigns of spend, as reports named them; the id is made from the names.
CREATE TABLE spend_campaign (
  id uuid PRIMARY KEY,
  platform text NOT NULL,
  campaign_id text NOT NULL,
  campaign text NOT NULL
);

-- Days whose credit (1) or spend (2) changed since they were added up: a report adds these up itself. Each transaction
-- adds rows of its own and takes none away, so nobody waits; who adds a day up takes away the rows that he saw.
CREATE TABLE report_day_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind smallint NOT NULL,
  store_id text NOT NULL,
  day date NOT NULL,
  change_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX report_day_change_day ON report_day_change (kind, day, store_id);

-- By triggers, so that no writer can forget it. Neither table is updated in what is added up.
CREATE FUNCTION mark_report_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO report_day_change (kind, store_id, day) SELECT DISTINCT TG_ARGV[0]::smallint, store_id, day FROM changed;
  RETURN NULL;
END $$;
CREATE TRIGGER credit_added AFTER INSERT ON credit REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION mark_report_days(1);
CREATE TRIGGER credit_removed AFTER DELETE ON credit REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION mark_report_days(1);
CREATE TRIGGER ad_spend_added AFTER INSERT ON ad_spend REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION mark_report_days(2);
CREATE TRIGGER ad_spend_removed AFTER DELETE ON ad_spend REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION mark_report_days(2);

INSERT INTO report_day_change (kind, store_id, day) SELECT DISTINCT 1, store_id, day FROM credit;
INSERT INTO report_day_change (kind, store_id, day) SELECT DISTINCT 2, store_id, day FROM ad_spend;
