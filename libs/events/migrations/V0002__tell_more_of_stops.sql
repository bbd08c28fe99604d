-- why: operators ask since when a consumer stands still, and only one whose source is another copy may begin anew.
ALTER TABLE event_cursor ADD COLUMN stopped_time timestamptz;
ALTER TABLE event_cursor ADD COLUMN stopped_error text;
