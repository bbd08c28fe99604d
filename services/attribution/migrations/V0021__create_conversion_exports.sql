-- why: a platform is told of each conversion once, and what it was told and answered can be looked up
CREATE TABLE conversion_export (
  id uuid PRIMARY KEY,
  store_id text NOT NULL,
  create_time timestamptz NOT NULL,
  -- The answer without its files, as esnaf.attribution.v1.ConversionExport.
  summary bytea NOT NULL
);
CREATE INDEX conversion_export_by_store ON conversion_export (store_id, create_time DESC, id DESC);

CREATE TABLE conversion_export_file (
  export_id uuid NOT NULL REFERENCES conversion_export,
  number integer NOT NULL,
  name text NOT NULL,
  content_type text NOT NULL,
  content text NOT NULL,
  row_count bigint NOT NULL,
  delivered boolean NOT NULL DEFAULT false,
  answer_status integer NOT NULL DEFAULT 0,
  answer text NOT NULL DEFAULT '',
  send_time timestamptz,
  -- Since when a call is sending it; NULL where none is.
  claim_time timestamptz,
  PRIMARY KEY (export_id, number)
);

-- What each destination knows of an order: under which name and time it was told of it first, which is how Google knows
-- it again, and what value it was told last. A value of 0 was retracted, for good.
CREATE TABLE told_conversion (
  destination smallint NOT NULL,
  order_id uuid NOT NULL,
  store_id text NOT NULL,
  value_minor bigint NOT NULL,
  gclid text NOT NULL,
  conversion_name text NOT NULL,
  conversion_time timestamptz NOT NULL,
  export_id uuid NOT NULL REFERENCES conversion_export,
  PRIMARY KEY (destination, order_id)
);
