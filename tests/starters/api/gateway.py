"""A real gateway on a free port, and the callers who come to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import uvicorn

from activities.ports import Embedder
from adapters.settings import Settings
from adapters.tokens.development import DevelopmentTokens
from schemas.callers import Caller, Role
from schemas.ids import student_id
from starters.api.app import create_app
from starters.api.connections import Connection
from starters.api.resources import Resources
from starters.api.serving import configuration
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.fake_models import WordEmbedder

SCARCE = ("auth", "chat", "quiz", "upload")  # a few an hour: tests ask more often than anybody may


@dataclass(frozen=True)
class Gateway:
    """What listens, and the key that its callers' tokens are signed with."""

    url: str
    settings: Settings
    tokens: DevelopmentTokens
    client: httpx2.AsyncClient
    resources: Resources

    def creator(self, creator: UUID) -> dict[str, str]:
        """The headers of a creator."""
        return self.headers(Caller(role=Role.CREATOR, subject=f"user-{creator}", creator_id=creator))

    def student(self, creator: UUID, name: str = "ada") -> dict[str, str]:
        """The headers of a student of the creator."""
        student = student_id(creator, name)
        return self.headers(
            Caller(role=Role.STUDENT, subject=f"user-{student}", creator_id=creator, student_id=student)
        )

    def operator(self, creator: UUID | None = None) -> dict[str, str]:
        """The headers of who runs the installation."""
        return self.headers(Caller(role=Role.OPERATOR, subject=f"operator-{uuid4()}", creator_id=creator))

    async def limit(self, name: str, requests: int, seconds: int = 1) -> None:
        """Change a limit, as an operator does."""
        change = {"requests": requests, "window_seconds": seconds}
        answer = await self.client.put(f"/api/admin/limits/{name}", headers=self.operator(), json=change)
        assert answer.status_code == 200, answer.text

    def headers(self, caller: Caller, seconds: float = 600) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens.issue(caller, seconds)}"}


def gateway_settings(servers: Servers, database: FreshDatabase, folder: Path, **changed: Any) -> Settings:
    """Of a gateway over this database; what is not said is as by default."""
    known: dict[str, Any] = {
        "home": folder,
        "postgres_url": database.app_url,
        "postgres_relay_url": database.relay_url,
        "redis_cache_url": "",  # tests change rows behind the gateway's back; test_remembered.py has a cache
        "redis_limits_url": servers.limits_url,
        "development_key_file": str(folder / "development.key"),
        "api_port": 0,
        "log_level": "warning",
    }
    return Settings.model_construct(**(known | changed))


@asynccontextmanager
async def running_gateway(
    settings: Settings, embedder: Embedder | None = None, connection: type[Connection] = Connection
) -> AsyncIterator[Gateway]:
    """It listens inside, and is gone after. It embeds by words, unless a test is about what a model makes of them."""
    resources = Resources(settings, embedder or WordEmbedder())
    resources.scrapes.shared_seconds = 0  # tests read what they have just had counted
    config = configuration(create_app(resources), settings, connection)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small answers wait for 40 ms
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        serving = asyncio.create_task(server._serve([listening]))  # `serve` would take the tests' signals
        try:
            async with httpx2.AsyncClient(base_url=url, timeout=30) as client:
                while not server.started:
                    assert not serving.done(), serving.exception()
                    await asyncio.sleep(0.01)
                tokens = DevelopmentTokens(Path(settings.development_key_file))
                gateway = Gateway(url, settings, tokens, client, resources)
                for name in SCARCE if settings.development_key_file else ():
                    await gateway.limit(name, 1_000)
                yield gateway
        finally:
            server.should_exit = True
            await serving
