-- Roles. None owns a table, none bypasses row-level security. Where a cluster wants passwords, they are set by
-- `python -m starters.migrate --passwords`, which sends verifiers: the server may log a statement.
-- mentora_app:     a creator's caller. NOINHERIT, so that it is a student only after SET ROLE.
-- mentora_student: what a student of a creator may see; never logs in, mentora_app steps down to it.
-- mentora_relay:   carries the outbox of all creators to Temporal, and sees nothing else.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('mentora_app', 'LOGIN NOINHERIT'),
            ('mentora_student', 'NOLOGIN NOINHERIT'),
            ('mentora_relay', 'LOGIN NOINHERIT')
        ) AS roles (name, options)
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', wanted.name, wanted.options);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- roles belong to the cluster: another database of it made them
        END;
    END LOOP;
END $$;

GRANT mentora_student TO mentora_app;

-- A caller that hangs must not hold locks or connections for ever.
ALTER ROLE mentora_app SET statement_timeout = '15s';
ALTER ROLE mentora_app SET lock_timeout = '5s';
ALTER ROLE mentora_app SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE mentora_relay SET statement_timeout = '15s';
ALTER ROLE mentora_relay SET lock_timeout = '5s';
ALTER ROLE mentora_relay SET idle_in_transaction_session_timeout = '30s';

CREATE EXTENSION IF NOT EXISTS vector;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO mentora_app, mentora_student, mentora_relay;

-- Who is asking. Set with set_config(..., true) inside each transaction; afterwards the setting is '' and not NULL,
-- so without nullif an unset caller would be an error instead of no rows.
CREATE FUNCTION current_creator() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('mentora.creator_id', true), '')::uuid;
CREATE FUNCTION current_student() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('mentora.student_id', true), '')::uuid;
