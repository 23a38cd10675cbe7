-- A video, its files, its numbered changes and its failures.
CREATE TABLE videos (
    creator_id         uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    id                 uuid NOT NULL,
    course_id          uuid,
    title              text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
    status             text NOT NULL DEFAULT 'queued'
                       CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
    epoch              integer NOT NULL DEFAULT 1 CHECK (epoch > 0),  -- the fence: bumped on cancel, delete and re-run
    published          boolean NOT NULL DEFAULT false,
    object_key         text,
    url                text,
    duration_seconds   double precision CHECK (duration_seconds > 0),
    failure_code       text,
    failure_message    text,
    workflow_id        text NOT NULL,
    last_change_number bigint NOT NULL DEFAULT 0,
    created_at         timestamptz NOT NULL DEFAULT now(),
    started_at         timestamptz,
    completed_at       timestamptz,
    PRIMARY KEY (creator_id, id),
    FOREIGN KEY (creator_id, course_id) REFERENCES courses ON DELETE SET NULL (course_id),
    CHECK ((object_key IS NULL) <> (url IS NULL)),
    CHECK ((status = 'failed') = (failure_code IS NOT NULL))
);
CREATE INDEX videos_newest ON videos (creator_id, created_at DESC, id);
CREATE INDEX videos_of_course ON videos (creator_id, course_id);
CREATE INDEX videos_published ON videos (creator_id, id) WHERE published;

CREATE TABLE artefacts (
    creator_id uuid NOT NULL,
    video_id   uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('source', 'audio')),
    object_key text NOT NULL,
    sha256     text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    bytes      bigint NOT NULL CHECK (bytes >= 0),
    details    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, video_id, kind),
    FOREIGN KEY (creator_id, video_id) REFERENCES videos ON DELETE CASCADE
);

-- What a client follows and may resume by number. `mark` names the change, so that a repeated step writes it once.
CREATE TABLE video_events (
    creator_id uuid NOT NULL,
    video_id   uuid NOT NULL,
    number     bigint NOT NULL,
    epoch      integer NOT NULL,
    mark       text NOT NULL,
    kind       text NOT NULL,
    data       jsonb NOT NULL DEFAULT '{}',
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (creator_id, video_id, number),
    UNIQUE (creator_id, video_id, epoch, mark),
    FOREIGN KEY (creator_id, video_id) REFERENCES videos ON DELETE CASCADE
);

CREATE TABLE dead_letters (
    creator_id  uuid NOT NULL,
    id          uuid NOT NULL,
    video_id    uuid NOT NULL,
    epoch       integer NOT NULL,
    workflow_id text NOT NULL,
    step        text NOT NULL,
    code        text NOT NULL,  -- the cause group: every failure with one code has one cure
    message     text NOT NULL,
    attempts    integer NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    resolution  text CHECK (resolution IN ('retried', 'discarded')),
    reason      text,
    resolved_at timestamptz,
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, video_id, epoch),
    FOREIGN KEY (creator_id, video_id) REFERENCES videos ON DELETE CASCADE,
    CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);
CREATE INDEX dead_letters_open ON dead_letters (created_at) WHERE resolved_at IS NULL;
