-- why: what a firm sets up for its agents, views and macros, is data that people change.
CREATE TABLE desk_record (
  kind text NOT NULL CHECK (kind IN ('view', 'macro')),
  id text NOT NULL,
  position integer NOT NULL,
  team text NOT NULL,
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX desk_record_position ON desk_record (kind, position, id);
