-- why: what stood in reports before is forgotten once nobody may ask for it any more, the oldest first
CREATE INDEX superseded_credit_until ON superseded_credit (known_until);
CREATE INDEX superseded_ad_spend_known_until ON superseded_ad_spend (known_until);
