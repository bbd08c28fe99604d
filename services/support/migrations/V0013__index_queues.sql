-- why: a queue of an agent, a team, urgent or breached tickets must not read every ticket that is worked on for its first
-- page, and a search must know of more words how often they are said.
CREATE INDEX ticket_open_assignee ON ticket (assignee, next_due_time, id) WHERE state <= 5;
CREATE INDEX ticket_open_team ON ticket (team, next_due_time, id) WHERE state <= 5;
CREATE INDEX ticket_open_priority ON ticket (priority, next_due_time, id) WHERE state <= 5;
CREATE INDEX ticket_open_breached ON ticket (next_due_time, id) WHERE state <= 5 AND breached;
ALTER TABLE ticket_message ALTER COLUMN folded_text SET STATISTICS 2000;
