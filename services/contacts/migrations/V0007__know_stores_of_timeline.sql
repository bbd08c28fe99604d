-- why: a key that is limited to stores may read only their lines; and the labels of one day are one line, which must
-- know where the day began. Lines from before have no store, so limited keys see them once their order changes.
ALTER TABLE timeline_entry ADD COLUMN store_id text NOT NULL DEFAULT '';
ALTER TABLE timeline_entry ADD COLUMN label_before text NOT NULL DEFAULT '';
