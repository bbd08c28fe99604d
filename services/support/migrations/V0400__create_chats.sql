-- why: a talk with a visitor is a ticket with a live layer, whose events streams follow by their numbers.
CREATE TABLE chat_settings (
  store_id text PRIMARY KEY,
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);

-- Signs the tokens of visitors: 244 random bits, made once.
CREATE TABLE chat_secret (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  secret bytea NOT NULL
);
INSERT INTO chat_secret (secret) VALUES (sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));

CREATE TABLE chat (
  id uuid PRIMARY KEY REFERENCES ticket (id),
  store_id text NOT NULL,
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 5),
  agent text NOT NULL,
  visitor_name text NOT NULL,
  visitor_email text NOT NULL,
  visitor_phone text NOT NULL,
  page text NOT NULL,
  locale text NOT NULL,
  last_sequence bigint NOT NULL,
  -- Up to which event the bot has answered, and when it is to be asked next.
  bot_sequence bigint NOT NULL,
  bot_due_time timestamptz,
  wait_time timestamptz,
  take_time timestamptz,
  end_time timestamptz,
  -- When something follows by itself: nobody has taken it, or nobody says anything any more.
  timer_time timestamptz,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);
CREATE INDEX chat_create_time ON chat (create_time, id);
CREATE INDEX chat_state ON chat (state, create_time, id);
CREATE INDEX chat_agent ON chat (agent, create_time, id);
CREATE INDEX chat_live ON chat (store_id, create_time) WHERE state <= 3;
CREATE INDEX chat_timer ON chat (timer_time) WHERE timer_time IS NOT NULL;
CREATE INDEX chat_bot_due ON chat (bot_due_time) WHERE bot_due_time IS NOT NULL;

-- Numbered without gaps for each chat, never changed. The text of what was said is the ticket's message.
CREATE TABLE chat_event (
  chat_id uuid NOT NULL REFERENCES chat (id),
  sequence bigint NOT NULL CHECK (sequence > 0),
  kind smallint NOT NULL,
  author smallint NOT NULL CHECK (author BETWEEN 1 AND 4),
  author_name text NOT NULL,
  text text NOT NULL,
  message_id uuid,
  client_message_id text NOT NULL,
  suggestions text[] NOT NULL,
  state smallint NOT NULL,
  asks_email boolean NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (chat_id, sequence)
);

-- Which agents have an inbox open, of one store or of all, and when that was last seen.
CREATE TABLE chat_presence (
  agent text NOT NULL,
  store_id text NOT NULL,
  seen_time timestamptz NOT NULL,
  PRIMARY KEY (agent, store_id)
);
