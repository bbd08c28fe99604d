-- why: a customer is asked once, by a link that nobody else can make, and what he answers is a row beside the question.
CREATE TABLE survey (
  id text PRIMARY KEY,
  after_solving boolean NOT NULL,
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);

-- Signs the links of this installation: 244 random bits, made once.
CREATE TABLE survey_secret (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  secret bytea NOT NULL
);
INSERT INTO survey_secret (secret) VALUES (sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));

CREATE TABLE survey_invitation (
  id uuid PRIMARY KEY,
  survey_id text NOT NULL REFERENCES survey (id),
  ticket_id uuid REFERENCES ticket (id),
  -- How often the ticket had been opened again when it was solved.
  round integer NOT NULL,
  auto_closed boolean NOT NULL,
  contact_id uuid,
  store_id text NOT NULL,
  agent text NOT NULL,
  team text NOT NULL,
  seller_id text NOT NULL,
  product_id text NOT NULL,
  skip_reason text NOT NULL DEFAULT '',
  due_time timestamptz NOT NULL,
  ask_time timestamptz,
  expire_time timestamptz,
  score smallint,
  comment text NOT NULL DEFAULT '',
  language text NOT NULL DEFAULT '',
  answer_time timestamptz,
  finish_time timestamptz,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL
);
CREATE INDEX survey_invitation_due ON survey_invitation (due_time) WHERE ask_time IS NULL AND skip_reason = '';
CREATE INDEX survey_invitation_create_time ON survey_invitation (create_time, id);
CREATE INDEX survey_invitation_answer_time ON survey_invitation (answer_time, id) WHERE answer_time IS NOT NULL;
CREATE INDEX survey_invitation_asked ON survey_invitation (survey_id, ask_time);
CREATE INDEX survey_invitation_contact ON survey_invitation (contact_id, ask_time) WHERE contact_id IS NOT NULL;
CREATE INDEX survey_invitation_ticket ON survey_invitation (ticket_id) WHERE ticket_id IS NOT NULL;
