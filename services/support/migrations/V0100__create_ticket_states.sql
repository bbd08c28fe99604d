-- why: firms call states by names of their own; what a state means stays the type's.
CREATE TABLE ticket_state (
  id text PRIMARY KEY,
  name_tr text NOT NULL,
  name_en text NOT NULL,
  type smallint NOT NULL CHECK (type BETWEEN 1 AND 9),
  store_id text NOT NULL,
  position integer NOT NULL,
  archived boolean NOT NULL,
  is_default boolean NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);
CREATE UNIQUE INDEX ticket_state_default ON ticket_state (store_id, type) WHERE is_default;
CREATE INDEX ticket_state_position ON ticket_state (position, id);

ALTER TABLE ticket ADD COLUMN state_id text NOT NULL DEFAULT '';
CREATE INDEX ticket_state_id ON ticket (state_id, update_time, id) WHERE state_id <> '';
