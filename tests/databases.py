"""Fresh, migrated databases on a real server, and lectures to put into them."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg

from adapters.postgres.artefacts import PostgresArtefacts
from adapters.postgres.chunks import PostgresChunks, PostgresEmbeddings
from adapters.postgres.events import EventInbox
from adapters.postgres.migrations import migrate
from adapters.postgres.pool import Database
from adapters.postgres.quizzes import PostgresQuizzes
from adapters.postgres.transcripts import PostgresTranscripts
from adapters.postgres.usage import PostgresUsage
from adapters.postgres.videos import PostgresVideos
from schemas.chunks import Chunk
from schemas.events import UploadCompleted
from schemas.ids import ask, chunk_id, question_id, quiz_id, text_sha256, transcript_id
from schemas.media import AudioPart, AudioPartRef, AudioRef, MediaInfo, SourceRef
from schemas.quizzes import Question, QuestionKind, QuizRef, QuizRequest
from schemas.transcripts import Segment, Word
from schemas.usage import Operation, Usage
from schemas.videos import VideoRef

MODEL = "all-MiniLM-L6-v2"
INFO = MediaInfo(
    container="mp4", duration_seconds=60, audio_codec="aac", audio_seconds=60, sample_rate_hz=48_000, channels=2
)


@dataclass(frozen=True)
class FreshDatabase:
    """One migrated database, by each role's address."""

    admin_url: str
    app: Database
    relay: Database
    app_url: str
    relay_url: str

    async def scalar(self, sql: str, *arguments: object) -> object:
        """Ask as the superuser, whom row-level security does not bind."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            return await connection.fetchval(sql, *arguments)
        finally:
            await connection.close()

    async def execute(self, sql: str) -> None:
        """Several statements, as the superuser."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def rows(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.admin_url)
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    @asynccontextmanager
    async def held(self, table: str, mode: str = "SHARE") -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """Who writes into the table waits for the end of the block; what it is given returns once so many wait.

        In the mode ACCESS EXCLUSIVE who reads it waits too.
        """
        connection = await asyncpg.connect(self.admin_url)

        async def waited_for(writers: int) -> None:
            sql = "SELECT count(*) FROM pg_locks WHERE relation = $1::text::regclass AND NOT granted"
            async with asyncio.timeout(10):
                while await connection.fetchval(sql, table) < writers:
                    await asyncio.sleep(0.01)

        try:
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {table} IN {mode} MODE")
                yield waited_for
        finally:
            await connection.close()


def renamed(url: str, name: str) -> str:
    """The same server's address with another database."""
    return re.sub(r"/mentora\?", f"/{name}?", url)


@asynccontextmanager
async def fresh_database(admin_url: str, app_url: str, relay_url: str) -> AsyncIterator[FreshDatabase]:
    """A database of one test module's own."""
    name = f"test_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(admin_url)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await migrate(renamed(admin_url, name))
    app, relay = Database(renamed(app_url, name), pool_size=10), Database(renamed(relay_url, name), pool_size=2)
    try:
        yield FreshDatabase(renamed(admin_url, name), app, relay, renamed(app_url, name), renamed(relay_url, name))
    finally:
        await app.close()
        await relay.close()
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def queued_video(app: Database, creator: UUID | None = None, key: str = "lecture") -> VideoRef:
    """An accepted upload."""
    event = UploadCompleted(creator_id=creator or uuid4(), title="On glaciers", course="Geology", object_key="a/b")
    return (await EventInbox(app).accept_upload(key, event)).video


async def laid_out_audio(app: Database, video: VideoRef, parts: int = 2) -> AudioRef:
    """A video whose audio lies ready in parts of thirty seconds."""
    await PostgresVideos(app).begin(video)
    source = SourceRef(object_key="a/b", sha256=text_sha256("source"), bytes=1)
    await PostgresArtefacts(app).save_source(video, source)
    sha256 = text_sha256("audio")
    audio = AudioRef(
        video=video,
        transcript_id=transcript_id(video.video_id, sha256, "whisper"),
        object_key="c/d",
        sha256=sha256,
        duration_seconds=30.0 * parts,
        parts=parts,
    )
    layout = [AudioPart(number=n, start_second=30.0 * n, end_second=30.0 * (n + 1)) for n in range(parts)]
    await PostgresArtefacts(app).save_audio(audio, INFO, "whisper", layout)
    return audio


def spoken(number: int) -> list[Segment]:
    """What is heard in a part: one segment of two words."""
    start = 30.0 * number
    words = (
        Word(start=start, end=start + 1, text=f" Part{number}", probability=0.9),
        Word(start=start + 1, end=start + 2, text=" speaks.", probability=0.8),
    )
    return [Segment(start=start, end=start + 2, text=f"Part{number} speaks.", words=words)]


async def transcribed(app: Database, audio: AudioRef, numbers: list[int] | None = None) -> None:
    """Parts transcribed and stored, as the step does it."""
    video = audio.video
    for number in range(audio.parts) if numbers is None else numbers:
        ref = AudioPartRef(audio=audio, number=number)
        name = ask("transcribe", audio.transcript_id, number)
        ticket = await PostgresUsage(app).reserve(video, name, Operation.TRANSCRIBE, "local", "whisper")
        await PostgresTranscripts(app).save_part(ref, "en", spoken(number), ticket, Usage(audio_seconds=30))


def some_chunks(transcript: UUID, texts: list[str]) -> list[Chunk]:
    return [
        Chunk(id=chunk_id(transcript, n, text), position=n, text=text, start_second=10.0 * n, end_second=10.0 * n + 9)
        for n, text in enumerate(texts)
    ]


async def embedded(app: Database, audio: AudioRef, vectors: dict[str, list[float]]) -> None:
    """Chunks with these texts and vectors."""
    chunks = some_chunks(audio.transcript_id, list(vectors))
    await PostgresChunks(app).replace(audio.video, audio.transcript_id, chunks)
    pairs = [(chunk.id, vectors[chunk.text]) for chunk in chunks]
    await PostgresEmbeddings(app).save(audio.video, MODEL, pairs, None, Usage())


async def completed(app: Database, creator: UUID | None = None, key: str = "lecture") -> AudioRef:
    """A lecture of two parts that went its whole way."""
    audio = await laid_out_audio(app, await queued_video(app, creator, key))
    await transcribed(app, audio)
    await PostgresTranscripts(app).complete(audio)
    await embedded(app, audio, {"Part0 speaks.": [1.0] + [0.0] * 383, "Part1 speaks.": [0.0, 1.0] + [0.0] * 382})
    await quizzed(app, audio)
    await PostgresVideos(app).complete(audio.video, audio.duration_seconds)
    return audio


async def quizzed(app: Database, audio: AudioRef, request: str = "pipeline") -> QuizRef:
    """A quiz of one question."""
    asked = QuizRequest(video=audio.video, transcript_id=audio.transcript_id, request=request)
    name = ask("quiz", audio.transcript_id, request)
    ticket = await PostgresUsage(app).reserve(audio.video, name, Operation.QUIZ, "local", "extractive")
    stem = "Which term is described as a river of ice?"
    question = Question(
        id=question_id(quiz_id(audio.transcript_id, request), stem),
        position=0,
        kind=QuestionKind.DEFINITION,
        stem=stem,
        options=("glacier", "moraine", "valley", "fjord"),
        answer_index=0,
        explanation="The lecture says so.",
        quotation="a glacier is a river of ice",
        start_second=1,
        end_second=3,
    )
    return await PostgresQuizzes(app).save(asked, "local", "extractive", [question], ticket, Usage())
