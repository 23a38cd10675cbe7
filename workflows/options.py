"""Every queue, time-out and retry on one screen.

Attempts are unlimited here because `adapters/temporal/attempts.py` counts them by kind: three failures of a vendor or
the input end a step, three deaths of a worker do, and our own stores are waited out, however long they are away: a
lecture that Ctrl-C interrupted on Friday goes on on Monday. So nothing here has a schedule-to-close time-out.
"""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import Priority, RetryPolicy

from schemas.task_queues import TaskQueue


class StepOptions(TypedDict, total=False):
    """What `execute_activity_method` takes besides the step and its input."""

    task_queue: str
    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


def _hours(hours: float) -> timedelta:
    return timedelta(hours=hours)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


# Exponential from one second; half a minute at most, so that a step is never long asleep when its provider is back.
RETRY = RetryPolicy(initial_interval=_seconds(1), backoff_coefficient=2, maximum_interval=_seconds(30))

# Ten seconds: a killed worker is noticed within ten, and a loop starved on a busy machine is not taken for dead.
HEARTBEAT = _seconds(10)

DATABASE: StepOptions = {
    "task_queue": TaskQueue.DATABASE,
    # Above all that one frozen statement may take: 10 s for a connection, 20 s for the answer, and the cancelling.
    "start_to_close_timeout": _seconds(120),
    "retry_policy": RETRY,
}
MEDIA: StepOptions = {
    "task_queue": TaskQueue.MEDIA,
    "start_to_close_timeout": _hours(2),  # a 20 GB download at 3 MB/s; four hours of audio extract in seconds
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RETRY,
}
TRANSCRIPTION: StepOptions = {
    "task_queue": TaskQueue.TRANSCRIPTION,
    "start_to_close_timeout": timedelta(minutes=10),  # a part of two minutes takes 5 s here, a slow provider minutes
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RETRY,
}
EMBEDDING: StepOptions = {
    "task_queue": TaskQueue.EMBEDDING,
    "start_to_close_timeout": timedelta(minutes=30),  # four hours of speech are some 400 chunks: 20 s here
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RETRY,
}
QUIZ: StepOptions = {
    "task_queue": TaskQueue.QUIZ,
    "start_to_close_timeout": timedelta(minutes=10),
    "heartbeat_timeout": HEARTBEAT,
    "retry_policy": RETRY,
}

PARTS_IN_FLIGHT = 10  # the customer's "chunks of one video are processed in parallel (10 at a time)"

NORMAL = 3  # of Temporal's priority keys 1 to 5, of which 1 is dispatched first


def priority(creator_id: object) -> Priority:
    """Class of work by priority key, fairness between creators inside it; inherited by activities and children."""
    return Priority(priority_key=NORMAL, fairness_key=str(creator_id))
