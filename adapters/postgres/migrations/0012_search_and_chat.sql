-- Search by words beside search by meaning, and chats about lectures.

-- The sentences of a chunk, [[start_second, end_second, text], ...], so that a hit names the second at which it is said
-- without reading the transcript again. A chunk made before has none, until its lecture is cut again.
ALTER TABLE chunks ADD COLUMN sentences jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(sentences) = 'array');
-- No GIN index: `@@` is not leakproof, so row-level security keeps it from every index (docs/decisions/0015).
ALTER TABLE chunks ADD COLUMN lexemes tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED;
-- In the row itself: every search reads all of a creator's, and from beside the table that takes twice as long (measured).
ALTER TABLE chunks ALTER COLUMN lexemes SET STORAGE MAIN;

ALTER TABLE usage_ledger DROP CONSTRAINT usage_ledger_operation_check;
ALTER TABLE usage_ledger ADD CONSTRAINT usage_ledger_operation_check
    CHECK (operation IN ('transcribe', 'embed', 'quiz', 'chat'));

-- Whose chat it is: a student's, or the creator's own where student_id is null. `asker_id` is never null, so that it
-- can stand in keys.
CREATE TABLE chat_sessions (
    creator_id uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    id         uuid NOT NULL,
    student_id uuid,
    asker_id   uuid NOT NULL GENERATED ALWAYS AS (coalesce(student_id, creator_id)) STORED,
    title      text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, id, asker_id),
    FOREIGN KEY (creator_id, student_id) REFERENCES students ON DELETE CASCADE
);
CREATE INDEX chat_sessions_of_student ON chat_sessions (creator_id, student_id);
CREATE INDEX chat_sessions_newest ON chat_sessions (creator_id, asker_id, created_at DESC, id DESC);

-- A question with its answer. The key that a client sent is in the id, so the same question again is the same row;
-- `attempt` is its fence: an answer of an earlier attempt is not written.
CREATE TABLE chat_messages (
    creator_id  uuid NOT NULL,
    id          uuid NOT NULL,
    session_id  uuid NOT NULL,
    asker_id    uuid NOT NULL,
    body_sha256 text NOT NULL,
    question    text NOT NULL CHECK (length(question) BETWEEN 1 AND 4000),
    answer      text NOT NULL DEFAULT '',
    citations   jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(citations) = 'array'),
    status      text NOT NULL DEFAULT 'answering' CHECK (status IN ('answering', 'answered', 'interrupted')),
    attempt     integer NOT NULL DEFAULT 1 CHECK (attempt > 0),
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    answered_at timestamptz,
    PRIMARY KEY (creator_id, id),
    -- The asker is in the key: nobody's message can lie in another's session.
    FOREIGN KEY (creator_id, session_id, asker_id) REFERENCES chat_sessions (creator_id, id, asker_id) ON DELETE CASCADE,
    CHECK ((status = 'answering') = (answered_at IS NULL))
);
CREATE INDEX chat_messages_newest ON chat_messages (creator_id, session_id, asker_id, asked_at DESC, id DESC);

DO $$
DECLARE
    chat_table text;
BEGIN
    FOREACH chat_table IN ARRAY ARRAY['chat_sessions', 'chat_messages']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', chat_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', chat_table);
        EXECUTE format(
            'CREATE POLICY creator ON %I TO mentora_app
                 USING (creator_id = (SELECT current_creator()))
                 WITH CHECK (creator_id = (SELECT current_creator()))', chat_table);
        -- A student's chats stay readable after the membership, and an answer on its way is stored; new ones need it.
        EXECUTE format(
            'CREATE POLICY own_read ON %I FOR SELECT TO mentora_student
                 USING (creator_id = (SELECT current_creator()) AND asker_id = (SELECT current_student()))', chat_table);
        EXECUTE format(
            'CREATE POLICY own_insert ON %I FOR INSERT TO mentora_student
                 WITH CHECK (creator_id = (SELECT current_creator()) AND asker_id = (SELECT current_student())
                             AND (SELECT is_member()))', chat_table);
        EXECUTE format(
            'CREATE POLICY own_update ON %I FOR UPDATE TO mentora_student
                 USING (creator_id = (SELECT current_creator()) AND asker_id = (SELECT current_student()))
                 WITH CHECK (creator_id = (SELECT current_creator()) AND asker_id = (SELECT current_student()))',
            chat_table);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON chat_sessions, chat_messages TO mentora_app, mentora_student;
GRANT UPDATE (answer, citations, status, attempt, asked_at, answered_at) ON chat_messages TO mentora_app, mentora_student;
