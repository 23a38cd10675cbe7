-- What is known of Whop: which company a creator is, whom Whop let in when it was last asked, what its webhooks said.
ALTER TABLE creators ADD COLUMN whop_company_id text CHECK (length(whop_company_id) BETWEEN 1 AND 100);

-- Whop's last answer to "may this user in?". `user_id` is the id that the user has, or would have, as a student: whoever
-- owns the company, or was refused, is none and has no row there.
CREATE TABLE access_checks (
    creator_id uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    user_id    uuid NOT NULL,
    access     text NOT NULL CHECK (access IN ('creator', 'student', 'none')),
    checked_at timestamptz NOT NULL,
    PRIMARY KEY (creator_id, user_id)
);

-- Every webhook that was taken, once. Its body is not kept: it holds names and addresses.
CREATE TABLE webhook_events (
    creator_id  uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    id          text NOT NULL CHECK (length(id) BETWEEN 1 AND 255),
    type        text NOT NULL CHECK (length(type) BETWEEN 1 AND 100),
    at          timestamptz NOT NULL,
    outcome     text NOT NULL CHECK (outcome IN ('applied', 'outdated', 'recorded')),
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, id)
);

ALTER TABLE access_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_checks FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_events FORCE ROW LEVEL SECURITY;

CREATE POLICY creator ON access_checks TO mentora_app
    USING (creator_id = (SELECT current_creator())) WITH CHECK (creator_id = (SELECT current_creator()));
CREATE POLICY own_check ON access_checks FOR SELECT TO mentora_student
    USING (creator_id = (SELECT current_creator()) AND user_id = (SELECT current_student()));
CREATE POLICY creator ON webhook_events TO mentora_app
    USING (creator_id = (SELECT current_creator())) WITH CHECK (creator_id = (SELECT current_creator()));

GRANT SELECT, INSERT, UPDATE, DELETE ON access_checks TO mentora_app;
GRANT SELECT ON access_checks TO mentora_student;
GRANT SELECT, INSERT, UPDATE (outcome) ON webhook_events TO mentora_app;

-- A member is who has an active membership, or whom Whop let in within the grace (schemas/memberships.py has it too).
CREATE OR REPLACE FUNCTION is_member() RETURNS boolean LANGUAGE sql STABLE
    RETURN EXISTS (
        SELECT 1 FROM memberships
        WHERE creator_id = current_creator() AND student_id = current_student()
          AND status = 'active' AND (valid_until IS NULL OR valid_until > now())
    ) OR EXISTS (
        SELECT 1 FROM access_checks
        WHERE creator_id = current_creator() AND user_id = current_student()
          AND access = 'student' AND checked_at > now() - interval '24 hours'
    );
