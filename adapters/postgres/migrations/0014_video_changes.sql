-- What changes a video after it was accepted: edits, cancelling, trying again, deleting.

-- A deleted video stays as a tombstone: it keeps the epoch that fences late workers off, and what was spent on it.
ALTER TABLE videos DROP CONSTRAINT videos_status_check;
ALTER TABLE videos ADD CONSTRAINT videos_status_check
    CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled', 'deleted'));

-- Nobody sees a tombstone, however the question is asked: every reader's, every writer's, and every policy's that asks
-- for the video. Only whoever deletes says for one transaction that it must be seen.
CREATE FUNCTION sees_deleted() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(current_setting('mentora.sees_deleted', true), '') = 'yes';
CREATE POLICY not_deleted ON videos AS RESTRICTIVE TO mentora_app, mentora_student
    USING (status <> 'deleted' OR sees_deleted()) WITH CHECK (status <> 'deleted' OR sees_deleted());
GRANT DELETE ON transcripts, video_events, dead_letters TO mentora_app;

-- An edit stands beside what was heard. `edition` counts a transcript's edits, so that the work for an older one does
-- not overwrite that for a newer.
ALTER TABLE transcripts ADD COLUMN edition integer NOT NULL DEFAULT 0 CHECK (edition >= 0);
ALTER TABLE segments ADD COLUMN edited_text text CHECK (length(edited_text) > 0);
ALTER TABLE segments ADD COLUMN edited_words jsonb CHECK (jsonb_typeof(edited_words) = 'array');
ALTER TABLE segments ADD CONSTRAINT segments_edited_whole CHECK ((edited_text IS NULL) = (edited_words IS NULL));
GRANT UPDATE (edited_text, edited_words) ON segments TO mentora_app;

-- One id through everything: from the request to the workflow's memo.
ALTER TABLE outbox ADD COLUMN request_id text CHECK (length(request_id) BETWEEN 1 AND 64);

-- The key is claimed before there is an answer; it gets one in the same transaction.
GRANT UPDATE (answer) ON idempotency_keys TO mentora_app;
