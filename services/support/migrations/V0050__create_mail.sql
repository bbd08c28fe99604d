-- why: customers write e-mail. What came in is known by its Message-ID, so that it has an effect once; what goes out is queued in the transaction of the message and sent until the server has taken it.
CREATE TABLE mailbox (
  id text PRIMARY KEY,
  address text NOT NULL UNIQUE,
  display_name text NOT NULL,
  store_id text NOT NULL,
  team text NOT NULL,
  imap_url text NOT NULL,
  imap_folder text NOT NULL,
  imap_user text NOT NULL,
  imap_password_file text NOT NULL,
  smtp_url text NOT NULL,
  smtp_user text NOT NULL,
  smtp_password_file text NOT NULL,
  acknowledgement text NOT NULL,
  disabled boolean NOT NULL,
  -- Signs reply addresses; never shown.
  key text NOT NULL,
  -- How far the folder was read, as IMAP counts.
  uid_validity bigint NOT NULL DEFAULT 0,
  last_uid bigint NOT NULL DEFAULT 0,
  fetch_failure text NOT NULL DEFAULT '',
  fetch_time timestamptz,
  next_fetch_time timestamptz NOT NULL,
  create_time timestamptz NOT NULL
);

-- Every mail, both ways, by its id: for threads, and so that none has an effect twice.
CREATE TABLE mail (
  mailbox_id text NOT NULL REFERENCES mailbox (id),
  message_id text NOT NULL,
  outcome smallint NOT NULL CHECK (outcome BETWEEN 1 AND 6),
  address text NOT NULL,
  name text NOT NULL,
  ticket_id uuid REFERENCES ticket (id),
  ticket_message_id uuid REFERENCES ticket_message (id),
  create_time timestamptz NOT NULL,
  PRIMARY KEY (mailbox_id, message_id)
);
CREATE INDEX mail_ticket ON mail (ticket_id, create_time) WHERE ticket_id IS NOT NULL;

CREATE TABLE mail_out (
  id uuid PRIMARY KEY,
  mailbox_id text NOT NULL,
  message_id text NOT NULL,
  ticket_id uuid NOT NULL REFERENCES ticket (id),
  -- Absent where the text is not of a message.
  ticket_message_id uuid REFERENCES ticket_message (id),
  to_address text NOT NULL,
  to_name text NOT NULL,
  in_reply_to text NOT NULL,
  text text NOT NULL,
  automatic boolean NOT NULL,
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
  attempt_count integer NOT NULL DEFAULT 0,
  -- While it waits; who takes it moves it ahead, so that nobody else does meanwhile.
  next_attempt_time timestamptz NOT NULL,
  failure text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL,
  FOREIGN KEY (mailbox_id, message_id) REFERENCES mail (mailbox_id, message_id),
  UNIQUE (mailbox_id, message_id)
);
CREATE INDEX mail_out_due ON mail_out (next_attempt_time, id) WHERE state = 1;
CREATE INDEX mail_out_automatic ON mail_out (to_address, create_time) WHERE automatic;

CREATE TABLE mail_dead (
  id uuid PRIMARY KEY,
  mailbox_id text NOT NULL REFERENCES mailbox (id),
  source text NOT NULL,
  reason text NOT NULL,
  message text NOT NULL,
  size_bytes bigint NOT NULL,
  beginning text NOT NULL,
  -- The whole mail, where there is a place for files.
  sha256 text NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX mail_dead_mailbox ON mail_dead (mailbox_id, create_time DESC);
CREATE INDEX mail_dead_sha256 ON mail_dead (sha256) WHERE sha256 <> '';
