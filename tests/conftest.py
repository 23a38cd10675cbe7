"""Real servers for the whole session, a database and fake vendors for a module, and a quiet end of it all."""

import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer

from adapters.embedded.home import Home
from adapters.embedded.stack import Stack
from adapters.settings import Settings
from tests.databases import FreshDatabase, fresh_database
from tests.providers import FakeProvider
from tests.surroundings import bare_environment


@dataclass(frozen=True)
class Servers:
    """The addresses of the session's servers. Temporal lets a test skip time, and its shortest timer is 10 ms."""

    environment: dict[str, str]

    @property
    def admin_url(self) -> str:
        """The superuser's, to the empty database `mentora`; tests that write make a database of their own."""
        return self.environment["MENTORA_POSTGRES_ADMIN_URL"]

    @property
    def app_url(self) -> str:
        return self.environment["MENTORA_POSTGRES_URL"]

    @property
    def relay_url(self) -> str:
        return self.environment["MENTORA_POSTGRES_RELAY_URL"]

    @property
    def redis_url(self) -> str:
        return self.environment["MENTORA_REDIS_CACHE_URL"]

    @property
    def limits_url(self) -> str:
        return self.environment["MENTORA_REDIS_LIMITS_URL"]

    @property
    def temporal_address(self) -> str:
        return self.environment["TEMPORAL_ADDRESS"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    """PostgreSQL, Redis and Temporal in a home of this session, without workers."""
    stack = Stack(
        Settings.model_construct(),
        Home(tmp_path_factory.mktemp("servers") / "home"),
        workers=(),
        inherited=bare_environment(),
        temporal_flags={"frontend.WorkflowTimeSkippingEnabled": "true"},
    )
    try:
        await stack.start()
        yield Servers(stack.environment)
    finally:
        await stack.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(servers: Servers) -> AsyncIterator[FreshDatabase]:
    """One a module, migrated and empty."""
    async with fresh_database(servers.admin_url, servers.app_url, servers.relay_url) as fresh:
        yield fresh


@pytest.fixture(scope="module")
async def vendors() -> AsyncIterator[FakeProvider]:
    """For adapters that live as long as a module; tests take `provider`."""
    async with FakeProvider() as vendors:
        yield vendors


@pytest.fixture
def provider(vendors: FakeProvider) -> FakeProvider:
    """The vendors, who have forgotten the test before."""
    vendors.forget()
    return vendors


def pytest_unconfigure() -> None:
    """Let the Temporal SDK's threads end first: they crash an interpreter that is being taken down."""
    if "temporalio" in sys.modules:
        time.sleep(0.2)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """An S3 over real HTTP, with the bucket `lectures`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    make = urllib.request.Request(f"http://{host}:{port}/lectures", method="PUT")
    urllib.request.urlopen(make, timeout=10).close()
    yield f"http://{host}:{port}"
    server.stop()
