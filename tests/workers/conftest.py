"""A client of the session's Temporal, who leaves no story behind."""

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.conftest import Servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(servers: Servers) -> AsyncIterator[Client]:
    """Nobody tells the stories that start here; they are ended, or the next module's workers would."""
    client = await Client.connect(servers.temporal_address, data_converter=pydantic_data_converter)
    yield client
    async for story in client.list_workflows("ExecutionStatus = 'Running'"):
        await client.get_workflow_handle(story.id).terminate()
