-- why: consents for commercial messages must be at IYS within three business days, and what people say at IYS must hold here.
CREATE TABLE iys_brand (
  brand_code text PRIMARY KEY,
  display_name text NOT NULL,
  is_default boolean NOT NULL,
  update_time timestamptz NOT NULL
);
CREATE UNIQUE INDEX iys_brand_default ON iys_brand (is_default) WHERE is_default;
CREATE TABLE iys_brand_store (
  store_id text PRIMARY KEY,
  brand_code text NOT NULL REFERENCES iys_brand (brand_code)
);
CREATE TABLE iys_batch (
  id uuid PRIMARY KEY,
  brand_code text NOT NULL REFERENCES iys_brand (brand_code),
  create_time timestamptz NOT NULL
);
-- One for each consent and address: the key is what makes a change a record exactly once.
CREATE TABLE iys_record (
  id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  consent_id uuid NOT NULL REFERENCES consent (id),
  recipient text NOT NULL,
  brand_code text NOT NULL,
  channel smallint NOT NULL,
  recipient_type smallint NOT NULL,
  status smallint NOT NULL,
  source smallint NOT NULL,
  consent_time timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  state smallint NOT NULL,
  problem text NOT NULL DEFAULT '',
  batch_id uuid REFERENCES iys_batch (id),
  position int,
  PRIMARY KEY (consent_id, recipient)
);
CREATE INDEX iys_record_open ON iys_record (deadline, consent_time, id) WHERE state <> 3;
CREATE INDEX iys_record_pending ON iys_record (consent_time, consent_id, recipient) WHERE state = 1;
CREATE UNIQUE INDEX iys_record_of_batch ON iys_record (batch_id, position) WHERE batch_id IS NOT NULL;
-- What IYS told, so that a line that comes again does nothing. A refusal without a readable date is of -infinity.
CREATE TABLE iys_change (
  brand_code text NOT NULL,
  channel smallint NOT NULL,
  recipient text NOT NULL,
  status smallint NOT NULL,
  consent_time timestamptz NOT NULL,
  contact_count int NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (brand_code, channel, recipient, status, consent_time)
);
CREATE INDEX consent_recipient ON consent (recipient) WHERE recipient <> '';
