-- why: a consumer that an operator lets begin anew takes what its source still keeps, also where older events are pruned.
ALTER TABLE event_cursor ADD COLUMN from_oldest boolean NOT NULL DEFAULT false;
