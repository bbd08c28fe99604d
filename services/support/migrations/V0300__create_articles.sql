-- why: what customers can read instead of asking is kept version by version, and what it spares can be counted.
CREATE TABLE article (
  id text PRIMARY KEY,
  category text NOT NULL,
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  -- What the public reads, and what is found by, folded.
  published_body jsonb,
  published_category text NOT NULL DEFAULT '',
  published_version bigint NOT NULL DEFAULT 0,
  published_titles text NOT NULL DEFAULT '',
  published_texts text NOT NULL DEFAULT '',
  publish_time timestamptz,
  draft_texts text NOT NULL,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);
CREATE INDEX article_published_search ON article USING gin (published_texts gin_trgm_ops);
CREATE INDEX article_draft_search ON article USING gin (draft_texts gin_trgm_ops);

CREATE TABLE article_version (
  article_id text NOT NULL REFERENCES article (id),
  version bigint NOT NULL,
  body jsonb NOT NULL,
  actor text NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (article_id, version)
);

CREATE TABLE article_vote (
  article_id text NOT NULL REFERENCES article (id),
  viewer_id text NOT NULL,
  helpful boolean NOT NULL,
  vote_time timestamptz NOT NULL,
  PRIMARY KEY (article_id, viewer_id)
);

CREATE TABLE article_reading (
  article_id text NOT NULL REFERENCES article (id),
  session_id text NOT NULL,
  read_time timestamptz NOT NULL,
  PRIMARY KEY (article_id, session_id)
);

-- By which a form's session finds the ticket that it became.
CREATE INDEX ticket_form_session ON ticket ((custom_fields ->> 'form_session')) WHERE custom_fields ? 'form_session';
