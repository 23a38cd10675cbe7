"""Worker roles: one process each, started by `python -m workers ROLE`."""

from enum import StrEnum

from schemas.task_queues import TaskQueue


class WorkerRole(StrEnum):
    """A pool per task queue, and the relay, which carries the outbox to Temporal and polls no queue."""

    WORKFLOWS = TaskQueue.WORKFLOWS
    MEDIA = TaskQueue.MEDIA
    TRANSCRIPTION = TaskQueue.TRANSCRIPTION
    EMBEDDING = TaskQueue.EMBEDDING
    QUIZ = TaskQueue.QUIZ
    DATABASE = TaskQueue.DATABASE
    RELAY = "relay"
