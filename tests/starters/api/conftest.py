"""One gateway a module, over the module's database."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.senders import Sender
from tests.starters.api.whop import WhopGateway, whop_gateway


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    async with running_gateway(gateway_settings(servers, database, tmp_path_factory.mktemp("gateway"))) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def at_whop(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[WhopGateway]:
    async with whop_gateway(servers, database, tmp_path_factory.mktemp("whop")) as running:
        yield running


@pytest.fixture
def sender(gateway: Gateway) -> Sender:
    return Sender(gateway, uuid4())


@pytest.fixture
def company() -> str:
    """A company of Whop's that nothing is known of."""
    return f"biz_{uuid4().hex[:12]}"
