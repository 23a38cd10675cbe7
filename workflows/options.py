"""Every queue, time-out and retry on one screen.

Attempts are unlimited here because `adapters/temporal/attempts.py` counts them by kind: three failures of a vendor or
the input end a step, our own stores are waited out. `schedule_to_close` bounds the waiting.
"""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import Priority, RetryPolicy

from schemas.task_queues import TaskQueue


class StepOptions(TypedDict, total=False):
    """What `execute_activity_method` takes besides the step and its input."""

    task_queue: str
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


def _hours(hours: float) -> timedelta:
    return timedelta(hours=hours)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


# Exponential from one second; half a minute at most, so that a step is never long asleep when its provider is back.
RETRY = RetryPolicy(initial_interval=_seconds(1), backoff_coefficient=2, maximum_interval=_seconds(30))

# A day: an operator who comes in the morning still finds last night's work waiting for its store.
PATIENCE = _hours(24)

# Ten seconds: a killed worker is noticed within ten, and a loop starved on a busy machine is not taken for dead.
HEARTBEAT = _seconds(10)

DATABASE: StepOptions = {
    "task_queue": TaskQueue.DATABASE,
    "start_to_close_timeout": _seconds(30),  # above the pool's 10 s wait for a connection and a statement's 15 s
    "schedule_to_close_timeout": PATIENCE,
    "retry_policy": RETRY,
}
MEDIA: StepOptions = {
    "task_queue": TaskQueue.MEDIA,
    "start_to_close_timeout": _hours(2),  # a 20 GB download at 3 MB/s; four hours of audio extract in seconds
    "schedule_to_close_timeout": PATIENCE,
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RETRY,
}
TRANSCRIPTION: StepOptions = {
    "task_queue": TaskQueue.TRANSCRIPTION,
    "start_to_close_timeout": timedelta(minutes=10),  # a part of two minutes takes 5 s here, a slow provider minutes
    "schedule_to_close_timeout": PATIENCE,
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RETRY,
}
EMBEDDING: StepOptions = {
    "task_queue": TaskQueue.EMBEDDING,
    "start_to_close_timeout": timedelta(minutes=30),  # four hours of speech are some 400 chunks: 20 s here
    "schedule_to_close_timeout": PATIENCE,
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RETRY,
}
QUIZ: StepOptions = {
    "task_queue": TaskQueue.QUIZ,
    "start_to_close_timeout": timedelta(minutes=10),
    "schedule_to_close_timeout": PATIENCE,
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RETRY,
}

PARTS_IN_FLIGHT = 10  # the customer's "chunks of one video are processed in parallel (10 at a time)"

INTERACTIVE, NORMAL, BATCH = 1, 3, 5  # Temporal's priority keys: 1 is dispatched first


def priority(creator_id: object, key: int = NORMAL) -> Priority:
    """Class of work by priority key, fairness between creators inside it; inherited by activities and children."""
    return Priority(priority_key=key, fairness_key=str(creator_id))
