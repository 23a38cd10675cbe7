-- What students do with a lecture: they follow it, watch it, and are graded on it.

-- A student follows a published video as its creator does. The log tells what happened, never why: a failure's message may
-- quote the source's address, and stays with the row, which only the creator reads.
UPDATE video_events SET data = data - 'message' WHERE data ? 'message';
GRANT SELECT (last_change_number) ON videos TO mentora_student;
GRANT SELECT (creator_id, video_id, number, epoch, kind, data, at) ON video_events TO mentora_student;
CREATE POLICY of_published_video ON video_events FOR SELECT TO mentora_student
    USING (creator_id = (SELECT current_creator())
           AND video_id IN (SELECT id FROM videos WHERE creator_id = current_creator()));

-- One question finds out which of all the videos that somebody follows have changed: numbers, and nothing of a lecture.
GRANT SELECT (creator_id, id, status, last_change_number) ON videos TO mentora_operator;
CREATE POLICY operator ON videos FOR SELECT TO mentora_operator USING (true);

-- A player sends what was watched in batches, and sends one again when it hears no answer. The viewer is the student, or
-- the creator itself. A batch's key is the player's own, so two viewers may use the same.
CREATE TABLE watch_batches (
    creator_id  uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    viewer_id   uuid NOT NULL,
    id          uuid NOT NULL,
    video_id    uuid NOT NULL,
    body_sha256 text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, viewer_id, id)
);

-- An attempt is named by its sender's key, numbered by its turn, and graded when it is stored.
CREATE TABLE quiz_attempts (
    creator_id  uuid NOT NULL,
    id          uuid NOT NULL,
    quiz_id     uuid NOT NULL,
    video_id    uuid NOT NULL,
    student_id  uuid NOT NULL,
    number      smallint NOT NULL CHECK (number BETWEEN 1 AND 20),
    body_sha256 text NOT NULL,
    correct     smallint NOT NULL CHECK (correct >= 0),
    questions   smallint NOT NULL CHECK (questions >= 0),  -- a lecture that defines nothing gives none
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, student_id, quiz_id, number),
    FOREIGN KEY (creator_id, quiz_id) REFERENCES quizzes ON DELETE CASCADE,
    FOREIGN KEY (creator_id, student_id) REFERENCES students ON DELETE CASCADE,
    CHECK (correct <= questions)
);
CREATE INDEX quiz_attempts_newest ON quiz_attempts (creator_id, quiz_id, created_at DESC, id);

CREATE TABLE attempt_answers (
    creator_id   uuid NOT NULL,
    attempt_id   uuid NOT NULL,
    question_id  uuid NOT NULL,
    option_index smallint CHECK (option_index BETWEEN 0 AND 3),  -- NULL: left out
    is_correct   boolean NOT NULL,
    PRIMARY KEY (creator_id, attempt_id, question_id),
    FOREIGN KEY (creator_id, attempt_id) REFERENCES quiz_attempts ON DELETE CASCADE,
    FOREIGN KEY (creator_id, question_id) REFERENCES questions ON DELETE CASCADE,
    CHECK (option_index IS NOT NULL OR NOT is_correct)
);
CREATE INDEX attempt_answers_of_question ON attempt_answers (creator_id, question_id);

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['watch_batches', 'quiz_attempts', 'attempt_answers']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format(
            'CREATE POLICY creator ON %I TO mentora_app
                 USING (creator_id = (SELECT current_creator()))
                 WITH CHECK (creator_id = (SELECT current_creator()))', tenant_table);
    END LOOP;
END $$;

-- A creator reads its students' attempts; nobody changes one.
GRANT SELECT, INSERT ON watch_batches TO mentora_app;
GRANT SELECT ON quiz_attempts, attempt_answers TO mentora_app;

-- A student adds rows of its own, about what it may see at this moment, and reads its own back. It changes none.
GRANT SELECT, INSERT ON watch_batches, quiz_attempts, attempt_answers TO mentora_student;
GRANT INSERT ON analytics_events TO mentora_student;

CREATE POLICY own ON watch_batches TO mentora_student
    USING (creator_id = (SELECT current_creator()) AND viewer_id = (SELECT current_student()))
    WITH CHECK (creator_id = (SELECT current_creator()) AND viewer_id = (SELECT current_student())
                AND video_id IN (SELECT id FROM videos WHERE creator_id = current_creator()));
CREATE POLICY own_views ON analytics_events FOR INSERT TO mentora_student
    WITH CHECK (creator_id = (SELECT current_creator()) AND student_id = (SELECT current_student()) AND kind = 'watch'
                AND video_id IN (SELECT id FROM videos WHERE creator_id = current_creator()));
CREATE POLICY own ON quiz_attempts TO mentora_student
    USING (creator_id = (SELECT current_creator()) AND student_id = (SELECT current_student()))
    WITH CHECK (creator_id = (SELECT current_creator()) AND student_id = (SELECT current_student())
                AND quiz_id IN (SELECT id FROM quizzes WHERE creator_id = current_creator()));
-- The inner SELECT obeys the policy of attempts: the student's own.
CREATE POLICY own ON attempt_answers TO mentora_student
    USING (creator_id = (SELECT current_creator())
           AND attempt_id IN (SELECT id FROM quiz_attempts WHERE creator_id = current_creator()))
    WITH CHECK (creator_id = (SELECT current_creator())
                AND attempt_id IN (SELECT id FROM quiz_attempts WHERE creator_id = current_creator()));
