-- Files on their way in. An upload ends as a video, or goes when it expires.
CREATE TABLE uploads (
    creator_id uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    id         uuid NOT NULL,
    length     bigint NOT NULL CHECK (length > 0),
    received   bigint NOT NULL DEFAULT 0,  -- all that is in `upload_parts`; whoever moves it on must know its value
    metadata   text NOT NULL CHECK (length(metadata) <= 4000),  -- as it came
    title      text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
    course     text CHECK (length(course) BETWEEN 1 AND 300),
    object_key text NOT NULL CHECK (length(object_key) <= 500),
    video_id   uuid,  -- there from the moment that the upload is complete
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (creator_id, id),
    FOREIGN KEY (creator_id, video_id) REFERENCES videos ON DELETE SET NULL (video_id),
    CHECK (received BETWEEN 0 AND length)
);
CREATE INDEX uploads_expired ON uploads (expires_at);
CREATE INDEX uploads_of_video ON uploads (creator_id, video_id);

-- Pieces that are safe in the object store. A piece without a row here was never acknowledged.
CREATE TABLE upload_parts (
    creator_id uuid NOT NULL,
    upload_id  uuid NOT NULL,
    start      bigint NOT NULL CHECK (start >= 0),
    bytes      bigint NOT NULL CHECK (bytes > 0),
    object_key text NOT NULL CHECK (length(object_key) <= 500),
    PRIMARY KEY (creator_id, upload_id, start),
    FOREIGN KEY (creator_id, upload_id) REFERENCES uploads ON DELETE CASCADE
);

ALTER TABLE uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE uploads FORCE ROW LEVEL SECURITY;
ALTER TABLE upload_parts ENABLE ROW LEVEL SECURITY;
ALTER TABLE upload_parts FORCE ROW LEVEL SECURITY;

CREATE POLICY creator ON uploads TO mentora_app
    USING (creator_id = (SELECT current_creator())) WITH CHECK (creator_id = (SELECT current_creator()));
CREATE POLICY creator ON upload_parts TO mentora_app
    USING (creator_id = (SELECT current_creator())) WITH CHECK (creator_id = (SELECT current_creator()));
-- Whoever sweeps must find what expired, of all creators; it is removed as its creator.
CREATE POLICY expired ON uploads FOR SELECT TO mentora_operator USING (expires_at < now());

GRANT SELECT, INSERT, UPDATE (received, video_id, expires_at), DELETE ON uploads TO mentora_app;
GRANT SELECT, INSERT, DELETE ON upload_parts TO mentora_app;
GRANT SELECT (creator_id, id, expires_at) ON uploads TO mentora_operator;
