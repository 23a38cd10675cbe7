"""An order becomes one workflow: carried twice, carried while Temporal is away, and after Temporal forgot."""

import asyncio
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from adapters.postgres.events import EventInbox
from adapters.postgres.outbox import Outbox
from schemas.errors import TemporalUnavailable
from schemas.events import Accepted, UploadCompleted
from tests.databases import FreshDatabase
from workers.relay import carry_waiting, relay

pytestmark = pytest.mark.servers


async def _accepted(database: FreshDatabase) -> tuple[UploadCompleted, Accepted]:
    event = UploadCompleted(creator_id=uuid4(), title="On glaciers", object_key="a/b")
    return event, await EventInbox(database.app).accept_upload("key", event)


async def _runs(client: Client, workflow_id: str) -> int:
    await asyncio.sleep(0.2)  # visibility follows within milliseconds
    return (await client.count_workflows(f"WorkflowId = '{workflow_id}'")).count


async def test_an_accepted_event_starts_its_workflow_with_who_and_how_urgent(
    database: FreshDatabase, client: Client
) -> None:
    event, accepted = await _accepted(database)
    assert await carry_waiting(client, Outbox(database.relay)) >= 1
    described = await client.get_workflow_handle(accepted.workflow_id).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert described.task_queue == "workflows"
    priority = described.raw_description.workflow_execution_info.priority
    assert (priority.priority_key, priority.fairness_key) == (3, str(event.creator_id))
    assert await client.count_workflows(f"CreatorId = '{event.creator_id}'")


async def test_an_order_carried_again_after_a_kill_starts_nothing(database: FreshDatabase, client: Client) -> None:
    _, accepted = await _accepted(database)
    outbox = Outbox(database.relay)
    await carry_waiting(client, outbox)
    for end in (None, "terminated"):
        if end:
            await client.get_workflow_handle(accepted.workflow_id).terminate()
        await database.scalar("UPDATE outbox SET dispatched_at = NULL WHERE workflow_id = $1", accepted.workflow_id)
        await carry_waiting(client, outbox)  # as after a kill between start and confirmation
        assert await _runs(client, accepted.workflow_id) == 1
    assert await outbox.waiting() == []


async def test_an_event_sent_again_after_temporal_forgot_its_workflow_starts_nothing(
    database: FreshDatabase, client: Client
) -> None:
    event, accepted = await _accepted(database)
    await carry_waiting(client, Outbox(database.relay))
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=accepted.workflow_id)
        )
    )
    while True:
        try:
            await client.get_workflow_handle(accepted.workflow_id).describe()
            await asyncio.sleep(0.05)
        except RPCError:
            break
    again = await EventInbox(database.app).accept_upload("key", event)
    assert again == accepted.model_copy(update={"is_repeat": True})
    assert await carry_waiting(client, Outbox(database.relay)) == 0
    with pytest.raises(RPCError):
        await client.get_workflow_handle(accepted.workflow_id).describe()


async def test_an_event_accepted_while_temporal_is_away_waits_and_is_not_lost(
    database: FreshDatabase, client: Client
) -> None:
    away = await Client.connect("127.0.0.1:1", lazy=True)
    _, accepted = await _accepted(database)
    outbox, stopping = Outbox(database.relay), asyncio.Event()
    waiting = asyncio.create_task(relay(away, outbox, stopping))
    await asyncio.sleep(0.5)
    assert accepted.workflow_id in {order.workflow_id for order in await outbox.waiting()}
    assert not waiting.done()
    stopping.set()
    await waiting
    stopping.clear()
    back = asyncio.create_task(relay(client, outbox, stopping))
    async with asyncio.timeout(10):
        while await outbox.waiting():
            await asyncio.sleep(0.05)
    stopping.set()
    await back
    assert await _runs(client, accepted.workflow_id) == 1


async def test_an_order_that_temporal_refuses_does_not_stop_the_others(database: FreshDatabase, client: Client) -> None:
    _, refused = await _accepted(database)
    _, accepted = await _accepted(database)
    endless = "x" * 2_000  # longer than Temporal takes an id
    await database.scalar("UPDATE outbox SET workflow_id = $1 WHERE workflow_id = $2", endless, refused.workflow_id)
    outbox = Outbox(database.relay)
    with pytest.raises(TemporalUnavailable):
        await carry_waiting(client, outbox)
    assert [order.workflow_id for order in await outbox.waiting()] == [endless]
    assert await _runs(client, accepted.workflow_id) == 1
