-- why: facts stay under the contact that owned their identity; merges are one row here, and reads go through it.
CREATE TABLE contact_alias (
  original uuid PRIMARY KEY,
  canonical uuid NOT NULL
);
CREATE INDEX contact_alias_canonical ON contact_alias (canonical);

-- The last versions seen of each contact and of its alias, kept after an unmerge and where a contact has no identity left,
-- so that an older event is known as such.
CREATE TABLE contact_alias_version (
  original uuid PRIMARY KEY,
  version bigint NOT NULL
);
CREATE TABLE contact_version (
  contact_id uuid PRIMARY KEY,
  version bigint NOT NULL
);

CREATE TABLE contact_identity (
  kind smallint NOT NULL,
  store_id text NOT NULL DEFAULT '',
  value text NOT NULL,
  contact_id uuid NOT NULL,
  verified boolean NOT NULL,
  PRIMARY KEY (kind, store_id, value)
);
CREATE INDEX contact_identity_contact ON contact_identity (contact_id);
