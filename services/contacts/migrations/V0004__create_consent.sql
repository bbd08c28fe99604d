-- why: what a person allowed or refused must be provable, so the ledger is only ever added to (KVKK, GDPR, IYS).
CREATE TABLE consent (
  id uuid PRIMARY KEY,
  contact_id uuid NOT NULL REFERENCES contact (id),
  purpose text NOT NULL,
  channel smallint NOT NULL,
  status smallint NOT NULL,
  legal_basis smallint NOT NULL,
  source smallint NOT NULL,
  recipient text NOT NULL DEFAULT '',
  recipient_type smallint NOT NULL,
  brand_code text NOT NULL DEFAULT '',
  text_version text NOT NULL DEFAULT '',
  consent_time timestamptz NOT NULL,
  proof text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL
);
CREATE INDEX consent_contact ON consent (contact_id, consent_time DESC, id DESC);
CREATE TRIGGER consent_is_append_only BEFORE UPDATE OR DELETE ON consent
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_is_never_truncated BEFORE TRUNCATE ON consent
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
