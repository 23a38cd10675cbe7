"""Nobody sees another creator's data: asked of the database itself, as every role, in every way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from adapters.postgres.artefacts import PostgresArtefacts
from adapters.postgres.outbox import Outbox
from adapters.postgres.quizzes import QuizReader
from adapters.postgres.search import ChunkSearch
from adapters.postgres.transcripts import PostgresTranscripts, TranscriptReader
from adapters.postgres.videos import PostgresVideos, VideoReader
from schemas.chunks import SearchQuery
from schemas.errors import Superseded, TranscriptNotReady, VideoNotFound
from schemas.media import AudioRef
from tests.callers import creator_caller, enrolled
from tests.chats import chatted
from tests.databases import MODEL, FreshDatabase, embedded, laid_out_audio, queued_video, quizzed, transcribed

pytestmark = pytest.mark.servers

TABLES_A_LECTURE_FILLS = (
    "creators", "courses", "videos", "artefacts", "video_events", "transcripts", "transcript_parts", "segments",
    "chunks", "embeddings", "quizzes", "questions", "idempotency_keys", "outbox", "usage_ledger", "chat_sessions",
    "chat_messages",
)  # fmt: skip


@dataclass(frozen=True)
class Lecture:
    audio: AudioRef

    @property
    def creator(self) -> UUID:
        return self.audio.video.creator_id


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lectures(database: FreshDatabase) -> AsyncIterator[tuple[Lecture, Lecture]]:
    """Two creators with a whole lecture each."""
    made = []
    for _ in range(2):
        audio = await laid_out_audio(database.app, await queued_video(database.app))
        await transcribed(database.app, audio)
        await embedded(database.app, audio, {"a river of ice": [1.0] + [0.0] * 383})
        await quizzed(database.app, audio)
        await chatted(database.app, creator_caller(audio.video.creator_id))
        made.append(Lecture(audio))
    yield made[0], made[1]


@pytest.mark.parametrize("table", TABLES_A_LECTURE_FILLS)
async def test_a_creator_sees_rows_of_its_own_only(
    database: FreshDatabase, lectures: tuple[Lecture, Lecture], table: str
) -> None:
    mine, others = lectures
    async with database.app.as_creator(mine.creator) as connection:
        seen = {row["creator_id"] for row in await connection.fetch(f"SELECT creator_id FROM {table}")}
    assert seen == {mine.creator}
    assert await database.scalar(f"SELECT count(*) FROM {table} WHERE creator_id = $1", others.creator) != 0


@pytest.mark.parametrize("table", TABLES_A_LECTURE_FILLS)
async def test_no_caller_means_no_rows(database: FreshDatabase, lectures: tuple[Lecture, Lecture], table: str) -> None:
    async with database.app.as_creator(lectures[0].creator) as connection:
        await connection.fetchval("SELECT 1")  # leaves the setting behind as '' on this connection
    async with database.app.transaction() as connection:
        assert await connection.fetch(f"SELECT 1 FROM {table}") == []


@pytest.mark.parametrize(
    "table", ["videos", "segments", "chunks", "questions", "usage_ledger", "chat_sessions", "chat_messages"]
)
async def test_rows_cannot_be_written_for_another_creator(
    database: FreshDatabase, lectures: tuple[Lecture, Lecture], table: str
) -> None:
    mine, others = lectures
    columns = await database.scalar(
        """SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
           WHERE table_name = $1 AND table_schema = 'public' AND is_generated = 'NEVER'
             AND column_name <> 'creator_id'""",
        table,
    )
    assert isinstance(columns, str)
    copy = f"INSERT INTO {table} (creator_id, {columns}) SELECT $1, {columns} FROM {table}"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.app.as_creator(mine.creator) as connection:
            await connection.execute(copy, others.creator)


async def test_another_creators_video_is_not_found(database: FreshDatabase, lectures: tuple[Lecture, Lecture]) -> None:
    mine, others = lectures
    theirs = others.audio.video.video_id
    forged = others.audio.video.model_copy(update={"creator_id": mine.creator})
    with pytest.raises(VideoNotFound):
        await VideoReader(database.app).find(mine.creator, theirs)
    with pytest.raises(VideoNotFound):
        await PostgresVideos(database.app).source(forged)
    with pytest.raises(Superseded):
        await PostgresVideos(database.app).begin(forged)
    with pytest.raises(TranscriptNotReady):
        await TranscriptReader(database.app).newest(mine.creator, theirs)
    assert await QuizReader(database.app).newest(mine.creator, theirs) is None
    assert await PostgresArtefacts(database.app).find_source(forged) is None
    assert await PostgresTranscripts(database.app).segments(forged, others.audio.transcript_id) == []


async def test_search_finds_the_callers_chunks_only(database: FreshDatabase, lectures: tuple[Lecture, Lecture]) -> None:
    query = SearchQuery("ice", MODEL, [1.0] + [0.0] * 383)
    hits = await ChunkSearch(database.app).best(creator_caller(lectures[0].creator), query)
    assert [hit.video_id for hit in hits] == [lectures[0].audio.video.video_id]


async def test_fifty_creators_on_two_connections_never_see_each_other(database: FreshDatabase) -> None:
    videos = [await queued_video(database.app) for _ in range(50)]

    async def look(n: int) -> None:
        mine = videos[n % 50]
        try:
            async with asyncio.timeout(0.002 if n % 7 == 0 else 10):  # some are cut off in the middle
                seen = await VideoReader(database.app).newest(mine.creator_id)
                assert [video.id for video in seen] == [mine.video_id]
        except TimeoutError:
            pass

    await asyncio.gather(*(look(n) for n in range(400)))


async def test_the_relay_sees_orders_and_nothing_else(
    database: FreshDatabase, lectures: tuple[Lecture, Lecture]
) -> None:
    orders = await Outbox(database.relay).waiting()
    assert {lecture.creator for lecture in lectures} <= {order.creator_id for order in orders}
    for table in TABLES_A_LECTURE_FILLS:
        if table != "outbox":
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with database.relay.transaction() as connection:
                    await connection.fetch(f"SELECT 1 FROM {table}")


async def test_the_relay_cannot_change_what_an_order_says(database: FreshDatabase) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.relay.transaction() as connection:
            await connection.execute("UPDATE outbox SET workflow_id = 'mine'")


# ---- Students --------------------------------------------------------------------------------------------------------


async def _seen(database: FreshDatabase, creator: UUID, student: UUID, table: str) -> int:
    async with database.app.as_student(creator, student) as connection:
        return len(await connection.fetch(f"SELECT creator_id FROM {table}"))


MADE_FOR_STUDENTS = ("videos", "transcripts", "segments", "chunks", "embeddings", "quizzes", "questions")


async def test_a_student_sees_published_videos_of_its_creator_only(
    database: FreshDatabase, lectures: tuple[Lecture, Lecture]
) -> None:
    mine, others = lectures
    student = await enrolled(database, mine.creator, uuid4().hex)
    for table in MADE_FOR_STUDENTS:
        assert await _seen(database, mine.creator, student, table) == 0
    await database.scalar("UPDATE videos SET published = true")
    for table in MADE_FOR_STUDENTS:
        assert await _seen(database, mine.creator, student, table) > 0
        assert await _seen(database, others.creator, student, table) == 0
    await database.scalar("UPDATE videos SET published = false")


@pytest.mark.parametrize(("status", "until"), [("cancelled", "1 day"), ("active", "-1 minute")])
async def test_a_student_whose_membership_ended_sees_nothing(
    database: FreshDatabase, lectures: tuple[Lecture, Lecture], status: str, until: str
) -> None:
    student = await enrolled(database, lectures[0].creator, uuid4().hex, status, until)
    await database.scalar("UPDATE videos SET published = true")
    for table in MADE_FOR_STUDENTS:
        assert await _seen(database, lectures[0].creator, student, table) == 0
    await database.scalar("UPDATE videos SET published = false")


@pytest.mark.parametrize("column", ["answer_index", "explanation", "quotation"])
async def test_a_student_cannot_read_the_answers(
    database: FreshDatabase, lectures: tuple[Lecture, Lecture], column: str
) -> None:
    student = await enrolled(database, lectures[0].creator, uuid4().hex)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.app.as_student(lectures[0].creator, student) as connection:
            await connection.fetch(f"SELECT {column} FROM questions")


async def test_a_student_changes_nothing_and_sees_nobody_elses_membership(
    database: FreshDatabase, lectures: tuple[Lecture, Lecture]
) -> None:
    creator = lectures[0].creator
    student, _ = await enrolled(database, creator, uuid4().hex), await enrolled(database, creator, uuid4().hex)
    assert await _seen(database, creator, student, "memberships") == 1
    for sql in ("UPDATE videos SET title = 'mine'", "DELETE FROM videos", "SELECT 1 FROM usage_ledger"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.app.as_student(creator, student) as connection:
                await connection.execute(sql)
