-- why: an interaction that is a lead of an advertisement keeps which form, campaign and click it came from.
ALTER TABLE interaction ADD COLUMN lead jsonb;
