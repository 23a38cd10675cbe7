"""Parts are stored once, read in order, and complete only when all are there."""

import asyncio
from uuid import uuid4

import pytest

from adapters.postgres.artefacts import PostgresArtefacts
from adapters.postgres.transcripts import PostgresTranscripts, TranscriptReader
from adapters.postgres.usage import PostgresUsage
from adapters.postgres.videos import PostgresVideos
from schemas.errors import Superseded, TranscriptNotReady
from schemas.ids import ask, text_sha256
from schemas.media import AudioPart, AudioPartRef, AudioRef, SourceRef
from schemas.usage import Operation, Usage
from tests.databases import INFO, FreshDatabase, laid_out_audio, queued_video, spoken, transcribed

pytestmark = pytest.mark.servers


async def _audio(database: FreshDatabase, parts: int = 3) -> AudioRef:
    return await laid_out_audio(database.app, await queued_video(database.app, uuid4()), parts)


async def _count(database: FreshDatabase, table: str, audio: AudioRef) -> object:
    return await database.scalar(f"SELECT count(*) FROM {table} WHERE creator_id = $1", audio.video.creator_id)


async def test_a_part_saved_by_two_workers_at_once_is_stored_once_and_both_calls_are_settled(
    database: FreshDatabase,
) -> None:
    audio = await _audio(database)
    await asyncio.gather(*(transcribed(database.app, audio, [0]) for _ in range(4)))
    assert await _count(database, "segments", audio) == 1
    settled = "SELECT count(settled_at) FROM usage_ledger WHERE creator_id = $1"
    assert await database.scalar(settled, audio.video.creator_id) == 4
    changes = "SELECT count(*) FROM video_events WHERE creator_id = $1 AND mark = 'transcript:part:0'"
    assert await database.scalar(changes, audio.video.creator_id) == 1


async def test_a_worker_of_an_older_epoch_stores_nothing_and_spends_nothing(database: FreshDatabase) -> None:
    audio = await _audio(database)
    usage, transcripts = PostgresUsage(database.app), PostgresTranscripts(database.app)
    ticket = await usage.reserve(audio.video, "ask", Operation.TRANSCRIBE, "local", "whisper")
    await PostgresVideos(database.app).cancel(audio.video)
    with pytest.raises(Superseded):
        await transcripts.save_part(AudioPartRef(audio=audio, number=0), "en", spoken(0), ticket, Usage())
    with pytest.raises(Superseded):
        await usage.reserve(audio.video, "ask", Operation.TRANSCRIBE, "local", "whisper")
    assert await _count(database, "segments", audio) == 0
    settled = "SELECT count(settled_at) FROM usage_ledger WHERE creator_id = $1"
    assert await database.scalar(settled, audio.video.creator_id) == 0


async def test_what_is_readable_ends_before_the_first_missing_part(database: FreshDatabase) -> None:
    audio = await _audio(database)
    reader, video = TranscriptReader(database.app), audio.video
    await transcribed(database.app, audio, [2])
    assert (await reader.newest(video.creator_id, video.video_id)).segments == ()
    await transcribed(database.app, audio, [0])
    partial = await reader.newest(video.creator_id, video.video_id)
    assert [segment.start for segment in partial.segments] == [0]
    assert (partial.parts_done, partial.parts_total, partial.is_complete) == (2, 3, False)
    await transcribed(database.app, audio, [1])
    whole = await reader.newest(video.creator_id, video.video_id)
    assert [segment.start for segment in whole.segments] == [0, 30, 60]
    assert [word.text for word in whole.segments[1].words] == [" Part1", " speaks."]


async def test_a_transcript_completes_with_its_last_part_and_only_once(database: FreshDatabase) -> None:
    audio = await _audio(database)
    transcripts = PostgresTranscripts(database.app)
    await transcribed(database.app, audio, [0, 1])
    with pytest.raises(TranscriptNotReady, match="1 of 3 parts"):
        await transcripts.complete(audio)
    await transcribed(database.app, audio, [2])
    first = await transcripts.complete(audio)
    assert await transcripts.complete(audio) == first
    assert (first.language, first.segments, first.words) == ("en", 3, 6)


async def test_the_audio_is_laid_out_once(database: FreshDatabase) -> None:
    audio = await _audio(database)
    artefacts = PostgresArtefacts(database.app)
    layout = [AudioPart(number=0, start_second=0, end_second=1)]
    await artefacts.save_audio(audio, INFO, "whisper", layout)
    assert await artefacts.find_audio(audio.video, "whisper") == audio
    assert await artefacts.find_audio(audio.video, "another model") is None
    part = await PostgresTranscripts(database.app).part(AudioPartRef(audio=audio, number=0))
    assert part.end_second == 30


async def test_the_first_source_stands(database: FreshDatabase) -> None:
    audio = await _audio(database)
    other = SourceRef(object_key="x/y", sha256=text_sha256("other"), bytes=2)
    stored = await PostgresArtefacts(database.app).save_source(audio.video, other)
    assert stored.object_key == "a/b"


async def test_every_call_of_one_ask_has_an_attempt_of_its_own(database: FreshDatabase) -> None:
    audio = await _audio(database)
    usage, name = PostgresUsage(database.app), ask("transcribe", audio.transcript_id, 0)
    tickets = await asyncio.gather(
        *(usage.reserve(audio.video, name, Operation.TRANSCRIBE, "local", "whisper") for _ in range(8))
    )
    assert sorted(ticket.attempt for ticket in tickets) == list(range(1, 9))
