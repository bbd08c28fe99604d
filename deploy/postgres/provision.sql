-- Creates what the services need of a Postgres database: one role a service, which owns one schema and can see no other.
-- Run by a superuser in the suite's database, as often as wanted. Passwords come in as psql variables on standard input
-- (`\set contacts_password ...`), never on a command line.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT', role)
FROM unnest(ARRAY['contacts', 'orders', 'segmentation', 'attribution', 'support', 'gateway']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec

ALTER ROLE contacts PASSWORD :'contacts_password';
ALTER ROLE orders PASSWORD :'orders_password';
ALTER ROLE segmentation PASSWORD :'segmentation_password';
ALTER ROLE attribution PASSWORD :'attribution_password';
ALTER ROLE support PASSWORD :'support_password';
ALTER ROLE gateway PASSWORD :'gateway_password';

SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', role, role)
FROM unnest(ARRAY['contacts', 'orders', 'segmentation', 'attribution', 'support', 'gateway']) AS role \gexec
