-- Creators, and the students and courses they have. Every key begins with creator_id: a key without it would tell one
-- creator that another has the same value.
CREATE TABLE creators (
    creator_id uuid PRIMARY KEY,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    settings   jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE students (
    creator_id   uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    id           uuid NOT NULL,
    whop_user_id text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, whop_user_id)
);

CREATE TABLE memberships (
    creator_id         uuid NOT NULL,
    id                 uuid NOT NULL,
    student_id         uuid NOT NULL,
    whop_membership_id text NOT NULL,
    status             text NOT NULL CHECK (status IN ('active', 'past_due', 'cancelled', 'expired')),
    valid_until        timestamptz,
    changed_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, whop_membership_id),
    FOREIGN KEY (creator_id, student_id) REFERENCES students ON DELETE CASCADE
);
CREATE INDEX memberships_of_student ON memberships (creator_id, student_id);

CREATE TABLE courses (
    creator_id uuid NOT NULL REFERENCES creators ON DELETE CASCADE,
    id         uuid NOT NULL,
    title      text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (creator_id, id),
    UNIQUE (creator_id, title)
);
