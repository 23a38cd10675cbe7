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

_LOGGER = logging.getLogger(__name__)


async def relay(client: Client, outbox: Outbox, stopping: asyncio.Event) -> None:
    """Carry orders until `stopping` is set; a store that is away is waited for."""
    partitions_due = 0.0
    while not stopping.is_set():
        pause = POLL_SECONDS
        try:
            now = asyncio.get_running_loop().time()
            if now >= partitions_due:
                await outbox.ensure_partitions()
                partitions_due = now + DAY_SECONDS
            await carry_waiting(client, outbox)
        except StoreUnavailable as error:
            _LOGGER.warning("the relay waits: %s", error)
            pause = AWAY_SECONDS
        try:
            await asyncio.wait_for(stopping.wait(), pause)
        except TimeoutError:
            continue


async def carry_waiting(client: Client, outbox: Outbox) -> int:
    """Start the workflow of every waiting order and confirm it; return how many.

    Idempotent: killed between start and confirmation, the next round starts the same id again, which Temporal rejects
    for a running and for a closed workflow alike. A confirmed order is never read again, so this holds beyond
    Temporal's retention.
    """
    orders = await outbox.waiting()
    for order in orders:
        await _start(client, order)
        await outbox.confirm(order)
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
