-- Quizzes: every question rests on words spoken from start_second to end_second.
CREATE TABLE quizzes (
    creator_id    uuid NOT NULL,
    id            uuid NOT NULL,
    video_id      uuid NOT NULL,
    transcript_id uuid NOT NULL,
    request       text NOT NULL,
    provider      text NOT NULL,
    model         text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, transcript_id, request),
    FOREIGN KEY (creator_id, transcript_id) REFERENCES transcripts ON DELETE CASCADE
);
CREATE INDEX quizzes_of_video ON quizzes (creator_id, video_id, created_at DESC);

CREATE TABLE questions (
    creator_id   uuid NOT NULL,
    id           uuid NOT NULL,
    quiz_id      uuid NOT NULL,
    video_id     uuid NOT NULL,
    position     integer NOT NULL CHECK (position >= 0),
    kind         text NOT NULL CHECK (kind IN ('definition', 'cloze', 'comprehension')),
    stem         text NOT NULL CHECK (length(stem) > 0),
    options      text[] NOT NULL CHECK (cardinality(options) = 4),
    answer_index smallint NOT NULL CHECK (answer_index BETWEEN 0 AND 3),
    explanation  text NOT NULL,
    quotation    text NOT NULL CHECK (length(quotation) > 0),
    start_second double precision NOT NULL CHECK (start_second >= 0),
    end_second   double precision NOT NULL,
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, quiz_id, position),
    FOREIGN KEY (creator_id, quiz_id) REFERENCES quizzes ON DELETE CASCADE,
    CHECK (start_second <= end_second)
);
