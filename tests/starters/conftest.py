"""One fresh database a module, for tests that need one."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.conftest import Servers
from tests.databases import FreshDatabase, fresh_database


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(servers: Servers) -> AsyncIterator[FreshDatabase]:
    async with fresh_database(servers.admin_url, servers.app_url, servers.relay_url) as fresh:
        yield fresh
