-- why: rules ask for tickets and for answers to surveys, of which support tells; they stay with the contact that they were made for.
CREATE TABLE ticket (
  ticket_id uuid PRIMARY KEY,
  contact_id uuid,
  store_id text NOT NULL,
  channel text NOT NULL,
  create_time timestamptz NOT NULL,
  solved boolean NOT NULL,
  spam boolean NOT NULL,
  merged boolean NOT NULL,
  lines text NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX ticket_contact ON ticket (contact_id);
-- Tickets of which a promise was broken. It is told beside the ticket's own versions and never taken back.
CREATE TABLE ticket_breach (
  ticket_id uuid PRIMARY KEY
);
CREATE TABLE survey_answer (
  invitation_id uuid PRIMARY KEY,
  contact_id uuid,
  store_id text NOT NULL,
  kind text NOT NULL,
  score integer NOT NULL,
  answer_time timestamptz NOT NULL,
  lines text NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX survey_answer_contact ON survey_answer (contact_id);
-- Support told of tickets before anybody here listened: begin with what it still keeps.
INSERT INTO event_cursor (source, from_oldest, update_time) VALUES ('support', true, '-infinity') ON CONFLICT DO NOTHING;
