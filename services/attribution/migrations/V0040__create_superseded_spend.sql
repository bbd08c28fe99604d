-- why: a report as it was known then must count what ads had cost by what was known then, so what an import replaces is kept
ALTER TABLE ad_spend ADD COLUMN known_from timestamptz;
UPDATE ad_spend s SET known_from = i.import_time FROM ad_spend_import i WHERE i.id = s.import_id;
ALTER TABLE ad_spend ALTER COLUMN known_from SET NOT NULL;

-- What was imported before, from when to when that was known. What an import says again without a change is not here.
CREATE TABLE superseded_ad_spend (LIKE ad_spend, known_until timestamptz NOT NULL);
CREATE INDEX superseded_ad_spend_day ON superseded_ad_spend (day);
CREATE INDEX superseded_ad_spend_until ON superseded_ad_spend (store_id, known_until);
