-- why: a ticket is what its events made of it; its row keeps what lists and timers look for, reckoned with each event.
CREATE SEQUENCE ticket_number;

CREATE TABLE ticket (
  id uuid PRIMARY KEY,
  number bigint NOT NULL UNIQUE DEFAULT nextval('ticket_number'),
  external_id text NOT NULL DEFAULT '',
  store_id text NOT NULL DEFAULT '',
  subject text NOT NULL,
  search_text text NOT NULL,
  contact_id uuid,
  channel smallint NOT NULL,
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 9),
  hold_until_time timestamptz,
  priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 4),
  type text NOT NULL,
  team text NOT NULL,
  assignee text NOT NULL,
  tags text[] NOT NULL,
  custom_fields jsonb NOT NULL,
  followers text[] NOT NULL,
  order_id uuid,
  order_line_id text NOT NULL,
  seller_id text NOT NULL,
  product_id text NOT NULL,
  parent_id uuid,
  follow_up_of_id uuid,
  merged_into_id uuid REFERENCES ticket (id),
  message_count integer NOT NULL,
  reopen_count integer NOT NULL,
  last_customer_time timestamptz,
  last_agent_time timestamptz,
  solve_time timestamptz,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  -- What the clocks were at the last reckoning, and under which revision of the promises.
  sla_policy_id text NOT NULL DEFAULT '',
  sla_revision bigint NOT NULL DEFAULT 0,
  deadlines jsonb NOT NULL DEFAULT '{}',
  next_due_time timestamptz,
  breached boolean NOT NULL DEFAULT false,
  -- Which warnings and breaches were told, as `<metric>:<cycle>:<warned|breached>`, and when the next is due.
  sla_told text[] NOT NULL DEFAULT '{}',
  sla_timer_time timestamptz,
  -- When the state changes by itself: the end of a hold, the end of the window for reopening.
  wake_time timestamptz
);
CREATE UNIQUE INDEX ticket_external_id ON ticket (store_id, external_id) WHERE external_id <> '';
CREATE INDEX ticket_update_time ON ticket (update_time, id);
CREATE INDEX ticket_create_time ON ticket (create_time, id);
CREATE INDEX ticket_contact ON ticket (contact_id, update_time);
CREATE INDEX ticket_assignee ON ticket (assignee, state, update_time, id);
CREATE INDEX ticket_team ON ticket (team, state, update_time, id);
CREATE INDEX ticket_due ON ticket (next_due_time, id) WHERE next_due_time IS NOT NULL;
CREATE INDEX ticket_order ON ticket (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX ticket_merged_into ON ticket (merged_into_id) WHERE merged_into_id IS NOT NULL;
CREATE INDEX ticket_tags ON ticket USING gin (tags);
CREATE INDEX ticket_search ON ticket USING gin (search_text gin_trgm_ops);
CREATE INDEX ticket_sla_timer ON ticket (sla_timer_time) WHERE sla_timer_time IS NOT NULL;
CREATE INDEX ticket_wake ON ticket (wake_time) WHERE wake_time IS NOT NULL;
CREATE INDEX ticket_sla_revision ON ticket (sla_revision) WHERE state <= 5;

CREATE TABLE ticket_message (
  id uuid PRIMARY KEY,
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
  author smallint NOT NULL CHECK (author BETWEEN 1 AND 3),
  actor text NOT NULL,
  text text NOT NULL,
  folded_text text NOT NULL,
  channel smallint NOT NULL,
  external_id text NOT NULL,
  mentions text[] NOT NULL,
  copied_from_id uuid,
  create_time timestamptz NOT NULL
);
CREATE INDEX ticket_message_ticket ON ticket_message (ticket_id, create_time, id);
CREATE UNIQUE INDEX ticket_message_external_id ON ticket_message (ticket_id, external_id) WHERE external_id <> '';
CREATE INDEX ticket_message_search ON ticket_message USING gin (folded_text gin_trgm_ops);

-- The complete trail: numbered without gaps for each ticket, never changed. The clocks are reckoned from it alone.
CREATE TABLE ticket_event (
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  sequence bigint NOT NULL CHECK (sequence > 0),
  kind text NOT NULL,
  happen_time timestamptz NOT NULL,
  author smallint NOT NULL CHECK (author BETWEEN 1 AND 3),
  actor text NOT NULL,
  message_kind smallint,
  state smallint NOT NULL,
  priority smallint NOT NULL,
  details jsonb NOT NULL,
  PRIMARY KEY (ticket_id, sequence)
);

-- Each pair twice, so that both see it.
CREATE TABLE ticket_link (
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  other_id uuid NOT NULL REFERENCES ticket (id),
  PRIMARY KEY (ticket_id, other_id),
  CHECK (ticket_id <> other_id)
);
