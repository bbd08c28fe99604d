-- why: work is shared among agents, and who waits is answered in an order that counts what the customer is worth.
CREATE TABLE agent (
  id text PRIMARY KEY,
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  last_assign_time timestamptz
);

CREATE TABLE team (
  id text PRIMARY KEY,
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);

CREATE TABLE queue_settings (
  singleton boolean PRIMARY KEY CHECK (singleton),
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  update_time timestamptz NOT NULL
);
INSERT INTO queue_settings (singleton, body, version, update_time) VALUES (true, '{
  "valueLeadMinutes": 120, "churnLeadMinutes": 120, "priorityLeadMinutes": 480, "withoutDeadlineMinutes": 4320,
  "referenceValue": {"minor": "100000", "currencyCode": "TRY"}}', 1, now());

-- What segmentation said of a requester, by the contact that the tickets name, and when it was asked.
CREATE TABLE customer_standing (
  contact_id uuid PRIMARY KEY,
  clv_minor bigint NOT NULL,
  currency_code text NOT NULL,
  churn_probability double precision,
  ask_time timestamptz NOT NULL
);

CREATE INDEX ticket_waiting ON ticket (team, number) WHERE state <= 2 AND assignee = '';
