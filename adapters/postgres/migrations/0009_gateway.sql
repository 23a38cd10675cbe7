-- What the gateway needs before it knows a creator: its operators' role, keys of servers, and limits that can be changed.

-- mentora_operator: who runs the installation; never logs in, mentora_app steps up to it for the routes of operators,
-- and to look a key up. It reads no lecture.
DO $$
BEGIN
    CREATE ROLE mentora_operator NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the cluster: another database of it made it
END $$;
GRANT mentora_operator TO mentora_app;
GRANT USAGE ON SCHEMA public TO mentora_operator;

-- A key's secret is 32 random bytes, so its plain SHA-256 tells nothing; two keys of one name are good during rotation.
CREATE TABLE service_keys (
    creator_id    uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    id            uuid NOT NULL,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz,
    revoked_at    timestamptz,
    PRIMARY KEY (creator_id, id)
);

-- Keys of the platform itself: `platform` acts for any creator that it names, `operator` runs the installation.
CREATE TABLE installation_keys (
    id            uuid PRIMARY KEY,
    role          text NOT NULL CHECK (role IN ('platform', 'operator')),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz,
    revoked_at    timestamptz
);

-- Limits that an operator changed; what has no row here is as the code says.
CREATE TABLE rate_limits (
    name           text PRIMARY KEY,
    requests       integer NOT NULL CHECK (requests BETWEEN 1 AND 1000000),
    window_seconds integer NOT NULL CHECK (window_seconds BETWEEN 1 AND 86400),
    changed_at     timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE service_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE installation_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE installation_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE rate_limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE rate_limits FORCE ROW LEVEL SECURITY;

CREATE POLICY creator ON service_keys TO mentora_app
    USING (creator_id = (SELECT current_creator())) WITH CHECK (creator_id = (SELECT current_creator()));
CREATE POLICY operator ON installation_keys TO mentora_operator USING (true) WITH CHECK (true);
CREATE POLICY operator ON rate_limits TO mentora_operator USING (true) WITH CHECK (true);
CREATE POLICY operator ON creators TO mentora_operator USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE (revoked_at, expires_at) ON service_keys TO mentora_app;
GRANT SELECT, INSERT, UPDATE (revoked_at, expires_at) ON installation_keys TO mentora_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limits TO mentora_operator;
GRANT SELECT, INSERT, UPDATE ON creators TO mentora_operator;
