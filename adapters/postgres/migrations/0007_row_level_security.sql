-- Tenancy is the database's job. Every table: security enabled and forced (the owner obeys too), a policy for creators.
DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY[
        'creators', 'students', 'memberships', 'courses', 'videos', 'artefacts', 'video_events', 'dead_letters',
        'transcripts', 'transcript_parts', 'segments', 'chunks', 'embeddings', 'quizzes', 'questions',
        'idempotency_keys', 'outbox', 'usage_ledger', 'analytics_events'
    ]
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        -- (SELECT ...) makes the caller an init plan: read once a statement, not once a row.
        EXECUTE format(
            'CREATE POLICY creator ON %I TO mentora_app
                 USING (creator_id = (SELECT current_creator()))
                 WITH CHECK (creator_id = (SELECT current_creator()))', tenant_table);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON creators, students, memberships, courses, videos TO mentora_app;
GRANT DELETE ON students, memberships, courses, videos TO mentora_app;
GRANT SELECT, INSERT, DELETE ON artefacts TO mentora_app;
GRANT SELECT, INSERT ON video_events, idempotency_keys, outbox, analytics_events TO mentora_app;
GRANT SELECT, INSERT, UPDATE ON dead_letters, transcripts, transcript_parts, usage_ledger TO mentora_app;
GRANT SELECT, INSERT ON segments, quizzes, questions TO mentora_app;
GRANT SELECT, INSERT, DELETE ON chunks, embeddings TO mentora_app;

-- A student of a creator reads that creator's published videos and what was made of them, while the membership lasts.
-- Answers, explanations and quotations of questions are columns that a student may not read before the attempt.
GRANT SELECT ON courses, transcripts, transcript_parts, segments, chunks, embeddings, quizzes TO mentora_student;
-- Not the source: an address may be signed, and then it is a secret.
GRANT SELECT (creator_id, id, course_id, title, status, published, duration_seconds, created_at, completed_at)
    ON videos TO mentora_student;
GRANT SELECT (creator_id, id, quiz_id, video_id, position, kind, stem, options) ON questions TO mentora_student;
GRANT SELECT (creator_id, id, student_id, status, valid_until) ON memberships TO mentora_student;

CREATE POLICY own_membership ON memberships FOR SELECT TO mentora_student
    USING (creator_id = (SELECT current_creator()) AND student_id = (SELECT current_student()));

CREATE FUNCTION is_member() RETURNS boolean LANGUAGE sql STABLE
    RETURN EXISTS (
        SELECT 1 FROM memberships
        WHERE creator_id = current_creator() AND student_id = current_student()
          AND status = 'active' AND (valid_until IS NULL OR valid_until > now())
    );

CREATE POLICY published_to_members ON videos FOR SELECT TO mentora_student
    USING (creator_id = (SELECT current_creator()) AND published AND (SELECT is_member()));
CREATE POLICY courses_to_members ON courses FOR SELECT TO mentora_student
    USING (creator_id = (SELECT current_creator()) AND (SELECT is_member()));

DO $$
DECLARE
    made_from_video text;
BEGIN
    FOREACH made_from_video IN ARRAY ARRAY[
        'transcripts', 'transcript_parts', 'segments', 'chunks', 'embeddings', 'quizzes', 'questions'
    ]
    LOOP
        -- The inner SELECT obeys the policy of videos: published, and a member.
        EXECUTE format(
            'CREATE POLICY of_published_video ON %I FOR SELECT TO mentora_student
                 USING (creator_id = (SELECT current_creator())
                        AND video_id IN (SELECT id FROM videos WHERE creator_id = current_creator()))', made_from_video);
    END LOOP;
END $$;

-- The relay reads what waits and marks what is done, of all creators; payloads are references only.
GRANT SELECT, UPDATE (dispatched_at) ON outbox TO mentora_relay;
CREATE POLICY relay ON outbox TO mentora_relay USING (true) WITH CHECK (true);
