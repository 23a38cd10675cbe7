"""Events while PostgreSQL is down or frozen: 503 with Retry-After, at once or within a bound; afterwards as before."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx2
import psutil
import pytest
import pytest_asyncio

from adapters.embedded.home import Home
from adapters.embedded.stack import Stack
from adapters.postgres.migrations import migrate
from adapters.settings import Settings
from starters.api.envelope import DEADLINE_SECONDS
from tests.adapters.embedded.running import state_of
from tests.starters.api.gateway import Gateway, running_gateway
from tests.surroundings import bare_environment

pytestmark = [pytest.mark.servers, pytest.mark.slow]

UPLOAD = {"type": "video/upload.completed", "title": "On glaciers", "url": "https://example.com/lecture.mp4"}
AT_ONCE_SECONDS = 2.0


@dataclass
class World:
    """A PostgreSQL of this module's own, and a gateway over it."""

    home: Home
    stack: Stack
    gateway: Gateway

    async def post(self, creator: UUID, key: str) -> tuple[httpx2.Response, float]:
        """The answer, and how many seconds it took."""
        headers, began = self.gateway.creator(creator) | {"Idempotency-Key": key}, time.monotonic()
        answer = await self.gateway.client.post("/api/events", json=UPLOAD, headers=headers, timeout=60)
        return answer, time.monotonic() - began

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server and everything that serves its connections stand still."""
        top = psutil.Process(state_of(self.stack, "postgres").pid)
        processes = [top, *top.children(recursive=True)]
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                process.send_signal(signal.SIGCONT)


def _postgres(home: Home) -> Stack:
    return Stack(Settings.model_construct(), home, workers=(), only={"postgres"}, inherited=bare_environment())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("away")
    home = Home(folder / "home")
    stack = _postgres(home)
    await stack.start()
    await migrate(stack.environment["MENTORA_POSTGRES_ADMIN_URL"])
    settings = Settings.model_construct(
        home=folder,
        postgres_url=stack.environment["MENTORA_POSTGRES_URL"],
        development_key_file=str(folder / "development.key"),
    )
    async with running_gateway(settings) as gateway:
        made = World(home, stack, gateway)
        try:
            yield made
        finally:
            await made.stack.stop()


def _is_told_to_come_back(answer: httpx2.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, code), answer.text
    assert int(answer.headers["Retry-After"]) >= 1


async def test_while_postgresql_is_down_an_event_is_refused_at_once_and_taken_after(world: World) -> None:
    creator = uuid4()
    assert (await world.post(creator, "before"))[0].status_code == 202
    await world.stack.stop()
    for answer, seconds in await asyncio.gather(*(world.post(creator, f"down-{n}") for n in range(20))):
        _is_told_to_come_back(answer, "database_unavailable")
        assert seconds < AT_ONCE_SECONDS
    world.stack = _postgres(world.home)
    await world.stack.start()
    taken, _ = await world.post(creator, "down-1")
    assert (taken.status_code, taken.headers.get("Idempotent-Replayed")) == (202, None)


async def test_while_postgresql_is_frozen_an_event_is_refused_within_the_deadline_and_taken_after(world: World) -> None:
    creator = uuid4()
    assert (await world.post(creator, "before"))[0].status_code == 202
    with world.frozen():
        answers = await asyncio.gather(*(world.post(creator, f"frozen-{n}") for n in range(12)))
    for answer, seconds in answers:
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) >= 1
        assert seconds < DEADLINE_SECONDS + 1
    taken, _ = await world.post(creator, "frozen-1")
    assert taken.status_code == 202
