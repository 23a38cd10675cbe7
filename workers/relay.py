"""The relay: carries the outbox to Temporal. It polls no queue; it starts stories, and ends them."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import BaseModel
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from adapters.postgres.outbox import Outbox
from schemas.errors import StoreUnavailable, TemporalUnavailable
from schemas.orders import Order, OrderKind, VideoDeletion
from schemas.quizzes import QuizRequest
from schemas.search_attributes import CREATOR_ID, JOB_TYPE, VIDEO_ID
from schemas.task_queues import TaskQueue
from schemas.transcripts import TranscriptEdit
from schemas.videos import VideoRef
from workflows.delete_video import DeleteVideoWorkflow
from workflows.edit_transcript import EditTranscriptWorkflow
from workflows.generate_quiz import GenerateQuizWorkflow
from workflows.options import priority
from workflows.process_video import ProcessVideoWorkflow

POLL_SECONDS = 0.1  # an accepted event waits a twentieth of a second on average; an empty poll costs half a millisecond
AWAY_SECONDS = 1.0
DAY_SECONDS = 86_400.0
CHORE_AGAIN_SECONDS = 60.0

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Story:
    """What an order of one kind begins."""

    run: Callable[..., Any]
    payload: type[BaseModel]
    summary: str


_STORIES: dict[str, _Story] = {
    OrderKind.PROCESS_VIDEO: _Story(ProcessVideoWorkflow.run, VideoRef, "Process video"),
    OrderKind.DELETE_VIDEO: _Story(DeleteVideoWorkflow.run, VideoDeletion, "Delete video"),
    OrderKind.EDIT_TRANSCRIPT: _Story(EditTranscriptWorkflow.run, TranscriptEdit, "Follow an edit of video"),
    OrderKind.GENERATE_QUIZ: _Story(GenerateQuizWorkflow.run, QuizRequest, "Make a quiz about video"),
}


async def relay(client: Client, outbox: Outbox, stopping: asyncio.Event) -> None:
    """Carry orders until `stopping` is set; a store that is away is waited for."""
    chores = asyncio.create_task(_make_partitions(outbox))
    try:
        while not stopping.is_set():
            pause = POLL_SECONDS
            try:
                await carry_waiting(client, outbox)
            except StoreUnavailable as error:
                _LOGGER.warning("the relay waits: %s", error)
                pause = AWAY_SECONDS
            try:
                await asyncio.wait_for(stopping.wait(), pause)
            except TimeoutError:
                continue
    finally:
        chores.cancel()


async def _make_partitions(outbox: Outbox) -> None:
    """Daily, months ahead, and apart from the orders: a report that holds the table must not stop those."""
    while True:
        try:
            await outbox.ensure_partitions()
        except StoreUnavailable as error:
            _LOGGER.warning("next month's partition is not made yet: %s", error)
            await asyncio.sleep(CHORE_AGAIN_SECONDS)
        else:
            await asyncio.sleep(DAY_SECONDS)


async def carry_waiting(client: Client, outbox: Outbox) -> int:
    """Carry every waiting order to Temporal and confirm it; return how many.

    Idempotent: killed between the two, the next round starts the same id again, which Temporal rejects for a running
    and for a closed workflow alike, or cancels what is cancelled. A confirmed order is never read again, so this holds
    beyond Temporal's retention. One order that cannot be carried does not stop the others.
    Raises: DatabaseUnavailable; TemporalUnavailable, after all were tried.
    """
    orders, refusal = await outbox.waiting(), None
    for order in orders:
        with structlog.contextvars.bound_contextvars(request_id=order.request_id, workflow_id=order.workflow_id):
            try:
                await _carry(client, order)
                await outbox.confirm(order)
            except TemporalUnavailable as error:
                refusal = error
    if refusal is not None:
        raise refusal
    return len(orders)


async def _carry(client: Client, order: Order) -> None:
    try:
        if order.kind == OrderKind.CANCEL_VIDEO:
            await _cancel(client, order.workflow_id)
        elif order.kind == OrderKind.DELETE_VIDEO:
            await _cancel(client, VideoDeletion.model_validate(order.payload).workflow_id)
            await _start(client, order)
        else:
            await _start(client, order)
    except (RPCError, RuntimeError) as error:  # the second: the SDK's, where it was never connected
        raise TemporalUnavailable(f"the Temporal server does not take orders ({type(error).__name__})") from error
    _LOGGER.info("carried the order %s", order.kind)


async def _start(client: Client, order: Order) -> None:
    story = _STORIES[order.kind]
    payload = story.payload.model_validate(order.payload)
    video = payload if isinstance(payload, VideoRef) else VideoRef.model_validate(order.payload["video"])
    attributes = TypedSearchAttributes(
        [
            SearchAttributePair(CREATOR_ID, str(video.creator_id)),
            SearchAttributePair(VIDEO_ID, str(video.video_id)),
            SearchAttributePair(JOB_TYPE, order.kind),
        ]
    )
    try:
        await client.start_workflow(
            story.run,
            payload,
            id=order.workflow_id,
            task_queue=TaskQueue.WORKFLOWS,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            priority=priority(video.creator_id),
            search_attributes=attributes,
            static_summary=f"{story.summary} {video.video_id}",
        )
    except WorkflowAlreadyStartedError:
        _LOGGER.info("the workflow %s was started before", order.workflow_id)


async def _cancel(client: Client, workflow_id: str) -> None:
    """One that is not there, or has ended, is as good as cancelled: its epoch is over, and it cannot write."""
    try:
        await client.get_workflow_handle(workflow_id).cancel()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
