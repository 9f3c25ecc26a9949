-- Roles, database and rights of xds on a PostgreSQL 15 or newer of your own.
--
--   psql -X -v ON_ERROR_STOP=1 -f postgresql-roles.sql postgres        (as a superuser)
--
-- Run it once before the first migration, and once more after each: what it finds done stays as it is.
-- No password is set here: let pg_hba.conf name `peer`, `cert` or `scram-sha-256`, and for the last give each
-- role its password with \password.

-- 1. xds_owner owns the schema and runs the migrations; xds_app is what the service connects as.
SELECT 'CREATE ROLE xds_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'xds_owner') \gexec
SELECT 'CREATE ROLE xds_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'xds_app') \gexec

SELECT 'CREATE DATABASE xds OWNER xds_owner ENCODING ''UTF8'' TEMPLATE template0'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'xds') \gexec

-- 2. Nobody else connects, and nobody makes objects in `public`.
REVOKE ALL ON DATABASE xds FROM PUBLIC;
GRANT CONNECT ON DATABASE xds TO xds_app;
\connect xds
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- 3. One schema, found without being named by either role.
SELECT 'CREATE SCHEMA xds AUTHORIZATION xds_owner' WHERE to_regnamespace('xds') IS NULL \gexec
ALTER ROLE xds_owner IN DATABASE xds SET search_path = xds;
ALTER ROLE xds_app IN DATABASE xds SET search_path = xds;

-- 4. The service reads, adds and changes rows. It makes, alters and drops nothing, and removes nothing but old
-- answers, assertions that are over, and what ITI-62 names: a site without that transaction may leave the GRANT
-- DELETE of its tables out. Default rights cover the tables of migrations to come.
GRANT USAGE ON SCHEMA xds TO xds_app;
ALTER DEFAULT PRIVILEGES FOR ROLE xds_owner IN SCHEMA xds GRANT SELECT, INSERT, UPDATE ON TABLES TO xds_app;
ALTER DEFAULT PRIVILEGES FOR ROLE xds_owner IN SCHEMA xds GRANT USAGE ON SEQUENCES TO xds_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA xds TO xds_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA xds TO xds_app;
SELECT 'GRANT DELETE ON xds.replay TO xds_app' WHERE to_regclass('xds.replay') IS NOT NULL \gexec
SELECT 'GRANT DELETE ON xds.assertion_use TO xds_app' WHERE to_regclass('xds.assertion_use') IS NOT NULL \gexec
SELECT 'GRANT DELETE ON xds.signed_message TO xds_app' WHERE to_regclass('xds.signed_message') IS NOT NULL \gexec
SELECT format('GRANT DELETE ON xds.%I TO xds_app', name)
  FROM unnest(ARRAY['object_locator', 'unique_id', 'document_entry', 'submission_set', 'folder', 'association'])
    AS name
 WHERE to_regclass('xds.' || name) IS NOT NULL \gexec
-- What is in the audit log stays as it is: the service adds and reads.
SELECT format('REVOKE UPDATE ON xds.%I FROM xds_app', name)
  FROM unnest(ARRAY['audit_event', 'audit_seal', 'audit_subject', 'audit_spool']) AS name
 WHERE to_regclass('xds.' || name) IS NOT NULL \gexec
SELECT 'REVOKE INSERT, UPDATE ON xds.schema_migration FROM xds_app'
 WHERE to_regclass('xds.schema_migration') IS NOT NULL \gexec

-- 5. What is acknowledged is on disk, and the server's log holds nothing of a patient: no statement, no
-- parameter, no DETAIL with the key of a row.
ALTER ROLE xds_app IN DATABASE xds SET synchronous_commit = on;
ALTER ROLE xds_app IN DATABASE xds SET log_min_error_statement = panic;
ALTER ROLE xds_app IN DATABASE xds SET log_parameter_max_length_on_error = 0;
ALTER ROLE xds_app IN DATABASE xds SET log_error_verbosity = terse;
ALTER ROLE xds_app IN DATABASE xds SET log_statement = none;
ALTER ROLE xds_app IN DATABASE xds SET log_min_duration_statement = -1;
