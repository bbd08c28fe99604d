-- why: a contact is a cluster of identities; merges are links beside the rows, so that an unmerge restores nothing.
CREATE TABLE contact (
  id uuid PRIMARY KEY,
  given_name text NOT NULL DEFAULT '',
  family_name text NOT NULL DEFAULT '',
  display_name text NOT NULL DEFAULT '',
  shown_name text GENERATED ALWAYS AS
    (CASE WHEN display_name <> '' THEN display_name ELSE btrim(given_name || ' ' || family_name) END) STORED,
  company_name text NOT NULL DEFAULT '',
  locale text NOT NULL DEFAULT '',
  lifecycle_stage text NOT NULL DEFAULT '',
  owner text NOT NULL DEFAULT '',
  tags text[] NOT NULL DEFAULT '{}',
  addresses jsonb NOT NULL DEFAULT '[]',
  custom_fields jsonb NOT NULL DEFAULT '{}',
  folded_name text NOT NULL,
  search_text text NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  delete_time timestamptz
);
CREATE INDEX contact_create_time ON contact (create_time, id);
CREATE INDEX contact_update_time ON contact (update_time, id);
CREATE INDEX contact_shown_name ON contact (shown_name, id);
CREATE INDEX contact_tags ON contact USING gin (tags);
CREATE INDEX contact_search ON contact USING gin (search_text gin_trgm_ops);
CREATE INDEX contact_folded_name ON contact USING gin (folded_name gin_trgm_ops);

CREATE TABLE contact_identity (
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
  store_id text NOT NULL DEFAULT '',
  value text NOT NULL,
  contact_id uuid NOT NULL REFERENCES contact (id),
  verified boolean NOT NULL,
  position integer NOT NULL,
  PRIMARY KEY (kind, store_id, value)
);
CREATE INDEX contact_identity_contact ON contact_identity (contact_id);
CREATE INDEX contact_identity_value ON contact_identity (value);

-- Links only ever join two roots, so they form trees.
CREATE TABLE contact_alias (
  original uuid PRIMARY KEY REFERENCES contact (id),
  canonical uuid NOT NULL REFERENCES contact (id),
  CHECK (original <> canonical)
);
CREATE INDEX contact_alias_canonical ON contact_alias (canonical);

-- Every merge and unmerge there ever was; canonical is NULL for an unmerge.
CREATE TABLE merge_ledger (
  original uuid NOT NULL REFERENCES contact (id),
  version bigint NOT NULL,
  canonical uuid REFERENCES contact (id),
  reason text NOT NULL DEFAULT '',
  actor text NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (original, version)
);

-- The contact that a contact is now.
CREATE FUNCTION canonical_of(contact uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE up AS (
    SELECT contact AS id, 0 AS depth
    UNION ALL
    SELECT a.canonical, up.depth + 1 FROM up JOIN contact_alias a ON a.original = up.id)
  SELECT id FROM up ORDER BY depth DESC LIMIT 1
$$;

-- Fails a statement, and so all of its parts, where another transaction was faster: the caller reads and tries again.
CREATE FUNCTION require_unchanged(unchanged boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT unchanged THEN
    RAISE EXCEPTION 'changed meanwhile' USING ERRCODE = 'serialization_failure';
  END IF;
END
$$;

-- Refuses to change what is a ledger.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is only added to', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER merge_ledger_is_append_only BEFORE UPDATE OR DELETE ON merge_ledger
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
