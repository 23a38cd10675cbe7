"""One task queue per thing a step burns, and one pool of workers per queue."""

from enum import StrEnum


class TaskQueue(StrEnum):
    """Workflows have a queue to themselves, or eager activities would run past every limit (server 1.32, measured)."""

    WORKFLOWS = "workflows"
    MEDIA = "media"
    TRANSCRIPTION = "transcription"
    EMBEDDING = "embedding"
    QUIZ = "quiz"
    DATABASE = "database"
