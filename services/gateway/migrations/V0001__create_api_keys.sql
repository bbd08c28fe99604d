-- why: callers prove who they are by keys of which only a hash is kept, so that a stolen dump opens nothing.
CREATE TABLE api_key (
  id uuid PRIMARY KEY,
  display_name text NOT NULL,
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
  scopes text[] NOT NULL,
  store_ids text[] NOT NULL,
  rate_per_second integer NOT NULL CHECK (rate_per_second >= 0),
  allowed_origins text[] NOT NULL,
  expire_time timestamptz,
  create_time timestamptz NOT NULL,
  revoke_time timestamptz,
  prefix text NOT NULL,
  secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
  -- The secret before the last rotation, which goes on for a grace time.
  old_secret_hash bytea CHECK (length(old_secret_hash) = 32),
  old_secret_expire_time timestamptz
);
