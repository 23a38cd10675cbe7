"""The relay: carries the outbox to Temporal. It polls no queue; it starts stories."""

import asyncio
import logging

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from adapters.postgres.outbox import Order, Outbox
from schemas.errors import StoreUnavailable, TemporalUnavailable
from schemas.search_attributes import CREATOR_ID, JOB_TYPE, VIDEO_ID
from schemas.task_queues import TaskQueue
from workflows.options import priority
from workflows.process_video import ProcessVideoWorkflow

POLL_SECONDS = 0.1  # an accepted event waits a twentieth of a second on average; an empty poll costs half a millisecond
AWAY_SECONDS = 1.0
DAY_SECONDS = 86_400.0
CHORE_AGAIN_SECONDS = 60.0

_LOGGER = logging.getLogger(__name__)


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
    """Start the workflow of every waiting order and confirm it; return how many.

    Idempotent: killed between start and confirmation, the next round starts the same id again, which Temporal rejects
    for a running and for a closed workflow alike. A confirmed order is never read again, so this holds beyond
    Temporal's retention. One order that cannot be carried does not stop the others.
    Raises: DatabaseUnavailable; TemporalUnavailable, after all were tried.
    """
    orders, refusal = await outbox.waiting(), None
    for order in orders:
        try:
            await _start(client, order)
            await outbox.confirm(order)
        except TemporalUnavailable as error:
            refusal = error
    if refusal is not None:
        raise refusal
    return len(orders)


async def _start(client: Client, order: Order) -> None:
    video = order.payload
    attributes = TypedSearchAttributes(
        [
            SearchAttributePair(CREATOR_ID, str(video.creator_id)),
            SearchAttributePair(VIDEO_ID, str(video.video_id)),
            SearchAttributePair(JOB_TYPE, order.kind),
        ]
    )
    try:
        await client.start_workflow(
            ProcessVideoWorkflow.run,
            video,
            id=order.workflow_id,
            task_queue=TaskQueue.WORKFLOWS,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            priority=priority(video.creator_id),
            search_attributes=attributes,
            static_summary=f"Process video {video.video_id}",
        )
    except WorkflowAlreadyStartedError:
        _LOGGER.info("the workflow %s was started before", order.workflow_id)
    except (RPCError, RuntimeError) as error:  # the second: the SDK's, where it was never connected
        raise TemporalUnavailable(f"the Temporal server does not take orders ({type(error).__name__})") from error
