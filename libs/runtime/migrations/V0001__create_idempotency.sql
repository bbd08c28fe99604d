-- why: a mutation repeated with the same key must answer what it answered first (AIP-155, Idempotency-Key).
CREATE TABLE idempotency (
  key text NOT NULL,
  method text NOT NULL,
  fingerprint bytea NOT NULL,
  response bytea NOT NULL,
  event_xact text,
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (key, method)
);
CREATE INDEX idempotency_create_time ON idempotency (create_time);
