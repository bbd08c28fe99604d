-- why: positions of events compare only within one life of the data; a restored copy gets an epoch of its own.
-- `origin` names the place where the data lives: the cluster, the database and the schema. The service makes a new
-- epoch when it finds itself in another place, so a restored dump cannot pass for the original.
CREATE TABLE schema_identity (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch text NOT NULL,
  origin text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL DEFAULT now()
);
INSERT INTO schema_identity (epoch) VALUES (substr(md5(gen_random_uuid()::text), 1, 16));
