"""Chunks, their vectors and the search over them, also for the smallest creator among many."""

from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import pytest
import pytest_asyncio

from adapters.postgres.chunks import PostgresChunks, PostgresEmbeddings
from adapters.postgres.pool import Database
from adapters.postgres.search import ChunkSearch
from adapters.postgres.videos import PostgresVideos
from schemas.callers import Caller
from schemas.chunks import SearchQuery
from schemas.errors import SettingsInvalid, Superseded
from schemas.media import AudioRef
from schemas.usage import Usage
from tests.callers import creator_caller
from tests.databases import MODEL, FreshDatabase, embedded, laid_out_audio, queued_video, some_chunks

pytestmark = pytest.mark.servers


def _unit_vectors(count: int, seed: int) -> list[list[float]]:
    vectors = np.random.default_rng(seed).normal(size=(count, 384))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return [[float(x) for x in vector] for vector in unit]


async def test_replacing_chunks_keeps_the_unchanged_with_their_vectors(database: FreshDatabase) -> None:
    audio = await laid_out_audio(database.app, await queued_video(database.app))
    chunks, embeddings = PostgresChunks(database.app), PostgresEmbeddings(database.app)
    one, two = _unit_vectors(2, 1)
    await embedded(database.app, audio, {"first": one, "second": two})
    await chunks.replace(audio.video, audio.transcript_id, some_chunks(audio.transcript_id, ["first", "edited"]))
    missing = await chunks.without_embedding(audio.video, audio.transcript_id, MODEL, 10)
    assert [chunk.text for chunk in missing] == ["edited"]
    assert await embeddings.count(audio.video, audio.transcript_id, MODEL) == 1
    assert await chunks.count(audio.video, audio.transcript_id) == 2


async def test_vectors_saved_twice_are_stored_once(database: FreshDatabase) -> None:
    audio = await laid_out_audio(database.app, await queued_video(database.app))
    vectors = dict(zip(["a", "b"], _unit_vectors(2, 2), strict=True))
    for _ in range(2):
        await embedded(database.app, audio, vectors)
    count = "SELECT count(*) FROM embeddings WHERE creator_id = $1"
    assert await database.scalar(count, audio.video.creator_id) == 2


async def test_a_worker_of_an_older_epoch_saves_no_vector(database: FreshDatabase) -> None:
    audio = await laid_out_audio(database.app, await queued_video(database.app))
    await PostgresVideos(database.app).cancel(audio.video)
    with pytest.raises(Superseded):
        await PostgresEmbeddings(database.app).save(audio.video, MODEL, [], None, Usage())
    with pytest.raises(Superseded):
        await PostgresChunks(database.app).replace(audio.video, audio.transcript_id, [])


async def test_a_vector_of_the_wrong_length_is_refused_by_the_table(database: FreshDatabase) -> None:
    audio = await laid_out_audio(database.app, await queued_video(database.app))
    with pytest.raises(Exception, match="embeddings_check"):
        await embedded(database.app, audio, {"short": [1.0, 0.0]})


async def test_a_model_without_an_index_is_refused(database: FreshDatabase) -> None:
    with pytest.raises(SettingsInvalid):
        await ChunkSearch(database.app).best(creator_caller(uuid4()), SearchQuery("", "unknown", [1.0]))


@dataclass(frozen=True)
class Crowd:
    """A creator with 20 chunks, and another with 50,000 in the same tables."""

    small: AudioRef
    others: AudioRef
    ours: dict[str, list[float]]

    @property
    def caller(self) -> Caller:
        return creator_caller(self.small.video.creator_id)

    def nearest(self, query: list[float]) -> list[str]:
        return sorted(self.ours, key=lambda text: -float(np.dot(self.ours[text], query)))[:10]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowd(database: FreshDatabase) -> Crowd:
    others = await laid_out_audio(database.app, await queued_video(database.app))
    small = await laid_out_audio(database.app, await queued_video(database.app))
    ours = dict(zip((f"chunk {n}" for n in range(20)), _unit_vectors(20, 3), strict=True))
    await embedded(database.app, small, ours)
    await _fifty_thousand(database, others)
    return Crowd(small, others, ours)


@pytest.mark.slow
async def test_a_creator_with_20_chunks_among_50_000_of_others_gets_10_of_10(
    database: FreshDatabase, crowd: Crowd
) -> None:
    search = ChunkSearch(database.app)
    for query in _unit_vectors(5, 4):
        hits = await search.best(crowd.caller, SearchQuery("", MODEL, query))
        assert [hit.text for hit in hits] == crowd.nearest(query)
    others = creator_caller(crowd.others.video.creator_id)
    assert len(await search.best(others, SearchQuery("", MODEL, query))) == 10


@pytest.mark.slow
async def test_the_smallest_creator_gets_10_of_10_also_when_the_planner_takes_the_vector_index(
    database: FreshDatabase, crowd: Crowd
) -> None:
    name = await database.scalar("SELECT current_database()")
    for setting in ("enable_sort", "enable_bitmapscan", "enable_seqscan"):
        await database.scalar(f'ALTER DATABASE "{name}" SET {setting} = off')
    forced = Database(database.app_url)
    try:
        for query in _unit_vectors(5, 5):
            hits = await ChunkSearch(forced).best(crowd.caller, SearchQuery("", MODEL, query))
            assert [hit.text for hit in hits] == crowd.nearest(query)
    finally:
        await forced.close()


async def _fifty_thousand(database: FreshDatabase, audio: AudioRef) -> None:
    """Another creator's chunks. The index is made again after them: to add them one by one takes it three minutes."""
    definition = await database.scalar("SELECT pg_get_indexdef('embeddings_all_minilm_l6_v2'::regclass)")
    await database.scalar("DROP INDEX embeddings_all_minilm_l6_v2")
    await database.scalar(
        """WITH made AS (
               INSERT INTO chunks (creator_id, id, transcript_id, video_id, position, text, start_second, end_second)
               SELECT $1, gen_random_uuid(), $2, $3, n, 'x', 0, 1 FROM generate_series(1, 50000) n RETURNING id)
           INSERT INTO embeddings (creator_id, chunk_id, model, video_id, embedding)
           SELECT $1, id, 'all-MiniLM-L6-v2', $3, random_vector.value FROM made, LATERAL (
               SELECT array_agg(random() - 0.5)::vector AS value
               FROM generate_series(1, 384) WHERE made.id IS NOT NULL) AS random_vector""",
        audio.video.creator_id,
        audio.transcript_id,
        audio.video.video_id,
    )
    await database.execute(f"SET maintenance_work_mem = '256MB'; {definition}")
