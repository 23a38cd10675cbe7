-- Transcripts in parts, as they were heard; times in seconds from the start of the video.
CREATE TABLE transcripts (
    creator_id   uuid NOT NULL,
    id           uuid NOT NULL,
    video_id     uuid NOT NULL,
    model        text NOT NULL,
    audio_sha256 text NOT NULL,
    language     text,
    parts_total  integer NOT NULL CHECK (parts_total > 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    PRIMARY KEY (creator_id, id),
    FOREIGN KEY (creator_id, video_id) REFERENCES videos ON DELETE CASCADE
);
CREATE INDEX transcripts_of_video ON transcripts (creator_id, video_id, created_at DESC);

CREATE TABLE transcript_parts (
    creator_id    uuid NOT NULL,
    transcript_id uuid NOT NULL,
    number        integer NOT NULL CHECK (number >= 0),
    video_id      uuid NOT NULL,
    start_second  double precision NOT NULL CHECK (start_second >= 0),
    end_second    double precision NOT NULL,
    language      text,
    segments      integer,
    words         integer,
    done_at       timestamptz,
    PRIMARY KEY (creator_id, transcript_id, number),
    FOREIGN KEY (creator_id, transcript_id) REFERENCES transcripts ON DELETE CASCADE,
    CHECK (start_second < end_second),
    CHECK ((done_at IS NULL) = (segments IS NULL) AND (done_at IS NULL) = (words IS NULL))
);

CREATE TABLE segments (
    creator_id    uuid NOT NULL,
    transcript_id uuid NOT NULL,
    part_number   integer NOT NULL,
    position      integer NOT NULL CHECK (position >= 0),
    video_id      uuid NOT NULL,
    start_second  double precision NOT NULL CHECK (start_second >= 0),
    end_second    double precision NOT NULL,
    text          text NOT NULL,
    words         jsonb NOT NULL,  -- [[start, end, text, probability], ...]
    PRIMARY KEY (creator_id, transcript_id, part_number, position),
    FOREIGN KEY (creator_id, transcript_id, part_number) REFERENCES transcript_parts ON DELETE CASCADE,
    CHECK (start_second <= end_second),
    CHECK (jsonb_typeof(words) = 'array')
);

CREATE TABLE chunks (
    creator_id    uuid NOT NULL,
    id            uuid NOT NULL,
    transcript_id uuid NOT NULL,
    video_id      uuid NOT NULL,
    position      integer NOT NULL CHECK (position >= 0),
    text          text NOT NULL CHECK (length(text) > 0),
    start_second  double precision NOT NULL CHECK (start_second >= 0),
    end_second    double precision NOT NULL,
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, transcript_id, position),
    FOREIGN KEY (creator_id, transcript_id) REFERENCES transcripts ON DELETE CASCADE,
    CHECK (start_second <= end_second)
);

-- One vector per chunk and model, so that a new model is built beside the old one and switched to in one step.
-- Each model has a partial index, cast to its dimensions. Half precision: the same recall at half the size (measured).
CREATE TABLE embeddings (
    creator_id uuid NOT NULL,
    chunk_id   uuid NOT NULL,
    model      text NOT NULL,
    video_id   uuid NOT NULL,
    embedding  vector NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, chunk_id, model),
    FOREIGN KEY (creator_id, chunk_id) REFERENCES chunks ON DELETE CASCADE,
    CHECK (model <> 'all-MiniLM-L6-v2' OR vector_dims(embedding) = 384),
    CHECK (model <> 'text-embedding-3-small' OR vector_dims(embedding) = 1536)
);
CREATE INDEX embeddings_all_minilm_l6_v2 ON embeddings
    USING hnsw ((embedding::halfvec(384)) halfvec_cosine_ops) WHERE model = 'all-MiniLM-L6-v2';
CREATE INDEX embeddings_text_embedding_3_small ON embeddings
    USING hnsw ((embedding::halfvec(1536)) halfvec_cosine_ops) WHERE model = 'text-embedding-3-small';
