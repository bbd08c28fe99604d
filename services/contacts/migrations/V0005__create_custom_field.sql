-- why: every shop has fields of its own; their types are declared once, so that values can be checked and filtered.
CREATE TABLE custom_field (
  key text PRIMARY KEY,
  display_name text NOT NULL,
  type smallint NOT NULL,
  options text[] NOT NULL DEFAULT '{}',
  create_time timestamptz NOT NULL
);
