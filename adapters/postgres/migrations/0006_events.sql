-- What came in, what must go out, what was spent, what happened.

-- The first answer to a key, for ever: Temporal forgets a workflow after its retention, and events are redelivered later.
CREATE TABLE idempotency_keys (
    creator_id  uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    body_sha256 text NOT NULL,
    answer      jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, key)
);

-- Workflows to start, written in the transaction that accepts the event; the relay carries them to Temporal.
CREATE TABLE outbox (
    creator_id    uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    id            uuid NOT NULL,
    kind          text NOT NULL,
    workflow_id   text NOT NULL,
    payload       jsonb NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    dispatched_at timestamptz,
    PRIMARY KEY (creator_id, id)
);
CREATE INDEX outbox_waiting ON outbox (created_at) WHERE dispatched_at IS NULL;

-- A line per call of a model, reserved before the call and settled with its result.
CREATE TABLE usage_ledger (
    creator_id    uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    ask           text NOT NULL,
    attempt       integer NOT NULL CHECK (attempt > 0),
    video_id      uuid,
    operation     text NOT NULL CHECK (operation IN ('transcribe', 'embed', 'quiz')),
    provider      text NOT NULL,
    model         text NOT NULL,
    audio_seconds double precision NOT NULL DEFAULT 0,
    input_tokens  bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    reserved_at   timestamptz NOT NULL DEFAULT now(),
    settled_at    timestamptz,
    PRIMARY KEY (creator_id, ask, attempt),
    FOREIGN KEY (creator_id, video_id) REFERENCES videos ON DELETE SET NULL (video_id)
);
CREATE INDEX usage_ledger_of_video ON usage_ledger (creator_id, video_id);
CREATE INDEX usage_ledger_unsettled ON usage_ledger (reserved_at) WHERE settled_at IS NULL;

-- What students and creators did. Append-only, by month; a fact outlives the rows it speaks of, so it has no foreign keys.
CREATE TABLE analytics_events (
    creator_id uuid NOT NULL,
    id         uuid NOT NULL,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    video_id   uuid,
    student_id uuid,
    data       jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (creator_id, id, at)
) PARTITION BY RANGE (at);
CREATE INDEX analytics_events_by_time ON analytics_events USING brin (at);
