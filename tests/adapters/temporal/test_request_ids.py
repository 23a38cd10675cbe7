"""The id goes from whoever starts a story into its steps, and into the stories inside it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import structlog

    from adapters.temporal.request_ids import RequestIdInterceptor
    from tests.conftest import Servers

pytestmark = pytest.mark.servers


@activity.defn
async def bound() -> str | None:
    """What a line that this step logs would carry."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found


@workflow.defn
class Inner:
    @workflow.run
    async def run(self) -> str | None:
        return await workflow.execute_activity(bound, start_to_close_timeout=timedelta(seconds=10))


@workflow.defn
class Outer:
    @workflow.run
    async def run(self) -> list[str | None]:
        own = await workflow.execute_activity(bound, start_to_close_timeout=timedelta(seconds=10))
        return [own, await workflow.execute_child_workflow(Inner.run)]


async def _told(servers: Servers, request_id: str | None) -> list[str | None]:
    client = await Client.connect(servers.temporal_address, interceptors=[RequestIdInterceptor()])
    queue = f"request-ids-{uuid4()}"
    async with Worker(client, task_queue=queue, workflows=[Outer, Inner], activities=[bound]):
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            return await client.execute_workflow(Outer.run, id=str(uuid4()), task_queue=queue)


async def test_steps_and_stories_within_a_story_have_its_request_id(servers: Servers) -> None:
    assert await _told(servers, "request-1") == ["request-1", "request-1"]


async def test_a_story_that_no_request_began_has_none(servers: Servers) -> None:
    assert await _told(servers, None) == [None, None]
