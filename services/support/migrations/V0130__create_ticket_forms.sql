-- why: what people send from web pages is judged by what was sent before it, and each form makes one ticket.
CREATE TABLE ticket_form (
  id text PRIMARY KEY,
  store_id text NOT NULL,
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);

CREATE TABLE form_submission (
  ticket_id uuid PRIMARY KEY,
  form_id text NOT NULL,
  store_id text NOT NULL,
  -- Keyed hashes; that of the address is emptied when the day is over.
  address_hash text NOT NULL,
  content_hash text NOT NULL,
  suspicions text[] NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX form_submission_ticket ON form_submission (form_id) WHERE cardinality(suspicions) = 0;
CREATE INDEX form_submission_spam ON form_submission (form_id) WHERE cardinality(suspicions) > 0;
CREATE INDEX form_submission_store ON form_submission (store_id, create_time) WHERE cardinality(suspicions) = 0;
CREATE INDEX form_submission_address ON form_submission (address_hash, create_time) WHERE address_hash <> '';
CREATE INDEX form_submission_known_address ON form_submission (create_time) WHERE address_hash <> '';
CREATE INDEX form_submission_content ON form_submission (content_hash, create_time);
