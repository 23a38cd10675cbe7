"""A gateway a module, for the pages that ask one."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    async with running_gateway(gateway_settings(servers, database, tmp_path_factory.mktemp("api"))) as running:
        yield running
