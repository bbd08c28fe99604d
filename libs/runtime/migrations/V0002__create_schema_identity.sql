-- why: positions of events compare only within one life of the data; a restored copy gets an epoch of its own.
CREATE TABLE schema_identity (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);
INSERT INTO schema_identity (epoch) VALUES (substr(md5(gen_random_uuid()::text), 1, 16));
