-- why: parts of a ticket, what follows a closed one and who follows it are asked for; people who were not found yet wait.
CREATE INDEX ticket_parent ON ticket (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX ticket_follow_up_of ON ticket (follow_up_of_id) WHERE follow_up_of_id IS NOT NULL;
CREATE INDEX ticket_followers ON ticket USING gin (followers);
-- The queues that agents work from, whatever they are ordered by.
CREATE INDEX ticket_open_due ON ticket (next_due_time, id) WHERE state <= 5;

-- A search must know which words are said often.
ALTER TABLE ticket_message ALTER COLUMN folded_text SET STATISTICS 500;

-- By what a ticket's requester is known, while contacts could not yet be asked who that is.
CREATE TABLE ticket_requester (
  ticket_id uuid PRIMARY KEY REFERENCES ticket (id),
  body jsonb NOT NULL,
  link_time timestamptz NOT NULL
);
CREATE INDEX ticket_requester_link_time ON ticket_requester (link_time);
