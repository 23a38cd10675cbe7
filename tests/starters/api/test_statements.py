"""A request costs so many statements, however much there is: no list asks again for each of its items."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from adapters.postgres.videos import PostgresVideos
from schemas.media import AudioRef
from schemas.videos import Stage
from tests.callers import enrolled
from tests.conftest import Servers
from tests.databases import FreshDatabase, queued_video, quizzed
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.lectures import asked, completed

pytestmark = pytest.mark.servers

# What a transaction costs beside its own questions; and what the driver asks once a connection.
_AROUND = ("BEGIN", "COMMIT", "set_config", "SET LOCAL ROLE", "pg_advisory_unlock_all", "typeinfo_tree")


@dataclass
class Counter:
    """Every statement of the gateway's only connection."""

    gateway: Gateway
    heard: list[str] = field(default_factory=list)

    async def questions(self, path: str, headers: dict[str, str]) -> list[str]:
        """The statements of one request, without those around them."""
        self.heard.clear()
        answer = await self.gateway.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return [sql for sql in self.heard if not any(word in sql for word in _AROUND)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Counter]:
    folder: Path = tmp_path_factory.mktemp("counted")
    settings = gateway_settings(servers, database, folder, api_postgres_pool_size=1)
    async with running_gateway(settings) as gateway:
        await gateway.resources.database.ping()
        counter = Counter(gateway)
        pool: Any = gateway.resources.database._pool
        pool._holders[0]._con.add_query_logger(lambda statement: counter.heard.append(statement.query))
        yield counter


async def _much(database: FreshDatabase, creator: UUID) -> tuple[AudioRef, UUID]:
    """A lecture with a long log and several quizzes, among fifty others."""
    audio, _ = await completed(database, creator)
    for n in range(50):
        await queued_video(database.app, creator, f"lecture-{n}")
    for n in range(3):
        await quizzed(database.app, audio, f"request-{n}")
    for n in range(50):
        await PostgresVideos(database.app).advance_stage(audio.video, Stage.FETCH, n, 50, "bytes")
    return audio, await asked(database, audio, 50)


async def _little(database: FreshDatabase, creator: UUID) -> tuple[AudioRef, UUID]:
    audio, _ = await completed(database, creator)
    return audio, await asked(database, audio, 1)


@pytest.mark.parametrize("role", ["creator", "student"])
async def test_a_request_costs_the_same_few_statements_for_little_and_for_much(
    counter: Counter, database: FreshDatabase, role: str
) -> None:
    counts = []
    for make in (_little, _much):
        creator = uuid4()
        audio, quiz = await make(database, creator)
        await enrolled(database, creator)
        gateway, video = counter.gateway, audio.video.video_id
        headers = gateway.creator(creator) if role == "creator" else gateway.student(creator)
        counts.append(
            {
                path: len(await counter.questions(path.format(video=video, quiz=quiz), headers))
                for path in (
                    "/api/videos?limit=100",
                    "/api/videos/{video}",
                    "/api/videos/{video}/transcript?limit=1000",
                    "/api/videos/{video}/captions.vtt",
                    "/api/quizzes/{quiz}",
                    "/api/quizzes/{quiz}/attempts?limit=100",
                )
            }
        )
    assert list(counts[0].values()) == ([1, 4, 2, 2, 3, 2] if role == "creator" else [1, 5, 2, 2, 2, 2])
    assert counts[1] == counts[0]


async def test_who_has_the_transcript_costs_one_statement(counter: Counter, database: FreshDatabase) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    path, headers = f"/api/videos/{audio.video.video_id}/captions.vtt", counter.gateway.creator(creator)
    tag = (await counter.gateway.client.get(path, headers=headers)).headers["etag"]
    counter.heard.clear()
    same = await counter.gateway.client.get(path, headers=headers | {"If-None-Match": tag})
    assert same.status_code == 304
    assert len([sql for sql in counter.heard if "FROM videos" in sql]) == 1
    assert not [sql for sql in counter.heard if "FROM segments" in sql]


async def test_grading_costs_the_same_however_many_questions_there_are(
    counter: Counter, database: FreshDatabase
) -> None:
    counts = []
    for questions in (1, 50):
        creator = uuid4()
        audio, _ = await completed(database, creator)
        quiz = await asked(database, audio, questions)
        await enrolled(database, creator)
        counter.heard.clear()
        answer = await counter.gateway.client.post(
            f"/api/quizzes/{quiz}/attempts",
            headers=counter.gateway.student(creator) | {"Idempotency-Key": "first"},
            json={"answers": []},
        )
        assert answer.status_code == 201
        counts.append(len([sql for sql in counter.heard if not any(word in sql for word in _AROUND)]))
    assert counts[0] == counts[1] <= 11
