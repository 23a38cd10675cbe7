"""An edit stands beside what was heard; its chunks replace the old ones with their vectors, or not at all."""

from uuid import UUID, uuid4

import pytest

from adapters.postgres.events import EventInbox
from adapters.postgres.outbox import Outbox
from adapters.postgres.quiz_requests import request_quiz
from adapters.postgres.search import ChunkSearch
from adapters.postgres.transcript_edits import PostgresTranscriptEdits
from adapters.postgres.transcripts import TranscriptReader
from adapters.postgres.usage import PostgresUsage
from adapters.postgres.video_changes import VideoWriter
from schemas.chunks import SearchQuery
from schemas.errors import SegmentNotFound, StatusForbids, Superseded, VideoNotFound
from schemas.events import QuizRequested, SegmentEdit, TranscriptEdited
from schemas.ids import ask, quiz_id
from schemas.media import AudioRef
from schemas.quizzes import QuizRequest
from schemas.transcripts import TranscriptEdit
from schemas.usage import Operation, Usage
from tests.callers import creator_caller
from tests.databases import MODEL, FreshDatabase, completed, laid_out_audio, queued_video, some_chunks

pytestmark = pytest.mark.servers

SAID = [0.0, 0.0, 1.0] + [0.0] * 381


def _edited(audio: AudioRef, text: str, number: int = 1) -> TranscriptEdited:
    edit = SegmentEdit(number=number, text=text)
    return TranscriptEdited(creator_id=audio.video.creator_id, video_id=audio.video.video_id, segments=(edit,))


async def _edit(database: FreshDatabase, audio: AudioRef, text: str) -> TranscriptEdit:
    """What the edit ordered."""
    receipt = await EventInbox(database.app).accept(f"edit {text}", _edited(audio, text), "request-1")
    waiting = await Outbox(database.relay).waiting(10_000)
    order = next(order for order in waiting if order.workflow_id == receipt.answer.workflow_id)
    assert (order.kind, order.request_id) == ("edit-transcript", "request-1")
    return TranscriptEdit.model_validate(order.payload)


async def _found(database: FreshDatabase, creator: UUID) -> set[str]:
    query = SearchQuery(words="", model=MODEL, vector=SAID)
    return {hit.text for hit in await ChunkSearch(database.app).best(creator_caller(creator), query)}


async def test_readers_read_the_edit_and_what_was_heard_stays(database: FreshDatabase) -> None:
    audio = await completed(database.app)
    await _edit(database, audio, "Part one speaks now.")
    transcript = await TranscriptReader(database.app).newest(audio.video.creator_id, audio.video.video_id)
    first, second = transcript.segments
    assert (first.text, first.is_edited) == ("Part0 speaks.", False)
    assert (second.text, second.is_edited) == ("Part one speaks now.", True)
    assert [word.text for word in second.words] == ["Part", "one", "speaks", "now."]
    assert all(30 <= word.start <= word.end <= 32 for word in second.words)
    rows = await database.rows(
        "SELECT text, words FROM segments WHERE transcript_id = $1 AND part_number = 1", audio.transcript_id
    )
    assert rows[0]["text"] == "Part1 speaks."
    assert "Part1" in rows[0]["words"]


async def test_the_heard_text_takes_an_edit_back(database: FreshDatabase) -> None:
    audio = await completed(database.app)
    for text in ("Part one speaks.", "Part1 speaks."):
        await _edit(database, audio, text)
    transcript = await TranscriptReader(database.app).newest(audio.video.creator_id, audio.video.video_id)
    assert [segment.is_edited for segment in transcript.segments] == [False, False]


async def test_what_cannot_be_edited_leaves_no_key_no_order_and_no_edit(database: FreshDatabase) -> None:
    audio = await completed(database.app)
    unfinished = await laid_out_audio(database.app, await queued_video(database.app))
    stranger = _edited(audio, "Mine.").model_copy(update={"creator_id": uuid4()})
    cases = [
        (_edited(audio, "Nowhere.", 2), SegmentNotFound),
        (_edited(unfinished, "Too early.", 0), StatusForbids),
        (stranger, VideoNotFound),
    ]
    for event, refusal in cases:
        with pytest.raises(refusal):
            await EventInbox(database.app).accept("refused", event)
        key = "SELECT count(*) FROM idempotency_keys WHERE creator_id = $1 AND key = 'refused'"
        assert await database.scalar(key, event.creator) == 0
    edits = "SELECT count(*) FROM segments WHERE edited_text IS NOT NULL AND transcript_id = $1"
    assert await database.scalar(edits, audio.transcript_id) == 0
    orders = "SELECT count(*) FROM outbox WHERE kind = 'edit-transcript' AND creator_id = $1"
    assert await database.scalar(orders, audio.video.creator_id) == 0


async def test_new_chunks_come_with_their_vectors_and_the_others_stay(database: FreshDatabase) -> None:
    audio, edits = await completed(database.app), PostgresTranscriptEdits(database.app)
    creator = audio.video.creator_id
    edit = await _edit(database, audio, "Part one speaks now.")
    assert await _found(database, creator) == {"Part0 speaks.", "Part1 speaks."}
    chunks = some_chunks(audio.transcript_id, ["Part0 speaks.", "Part one speaks now."])
    missing = await edits.without_vector(edit, chunks, MODEL)
    assert [chunk.text for chunk in missing] == ["Part one speaks now."]
    ticket = await PostgresUsage(database.app).reserve(edit.video, ask("embed", "x"), Operation.EMBED, "local", MODEL)
    for _ in range(2):
        vectors = [(missing[0].id, SAID)]
        await edits.replace(edit, chunks, MODEL, vectors, [(ticket, Usage(input_tokens=3))])
        assert await _found(database, creator) == {"Part0 speaks.", "Part one speaks now."}
    settled = "SELECT settled_at IS NOT NULL FROM usage_ledger WHERE creator_id = $1 AND operation = 'embed'"
    assert await database.scalar(settled, creator) is True


async def test_an_edit_that_a_later_one_has_overtaken_changes_nothing(database: FreshDatabase) -> None:
    audio, edits = await completed(database.app), PostgresTranscriptEdits(database.app)
    first, second = [await _edit(database, audio, text) for text in ("Part one.", "Part two.")]
    assert (first.edition, second.edition) == (1, 2)
    assert await edits.segments(first) is None
    newest = await edits.segments(second)
    assert newest is not None
    assert newest[1].text == "Part two."
    chunks = some_chunks(audio.transcript_id, ["Part two."])
    await edits.replace(second, chunks, MODEL, [(chunks[0].id, SAID)], [])
    await edits.replace(first, some_chunks(audio.transcript_id, ["Part one."]), MODEL, [], [])
    assert await _found(database, audio.video.creator_id) == {"Part two."}


async def test_the_edit_of_a_video_that_is_deleted_meanwhile_writes_nothing(database: FreshDatabase) -> None:
    audio, edits = await completed(database.app), PostgresTranscriptEdits(database.app)
    edit = await _edit(database, audio, "Part one.")
    await VideoWriter(database.app).delete(audio.video.creator_id, audio.video.video_id)
    with pytest.raises(Superseded):
        await edits.replace(edit, some_chunks(audio.transcript_id, ["Part one."]), MODEL, [], [])


async def test_a_quiz_is_asked_for_by_name_beside_the_pipelines_own(database: FreshDatabase) -> None:
    audio = await completed(database.app)
    event = QuizRequested(creator_id=audio.video.creator_id, video_id=audio.video.video_id, questions=7)
    first, other = [(await EventInbox(database.app).accept(key, event)).answer for key in ("one", "two")]
    assert first.quiz_id not in (None, other.quiz_id, quiz_id(audio.transcript_id, "pipeline"))
    waiting = await Outbox(database.relay).waiting(10_000)
    order = next(order for order in waiting if order.workflow_id == first.workflow_id)
    request = QuizRequest.model_validate(order.payload)
    assert (request.video, request.transcript_id, request.questions) == (audio.video, audio.transcript_id, 7)
    assert quiz_id(request.transcript_id, request.request) == first.quiz_id
    async with database.app.as_creator(audio.video.creator_id) as connection:
        assert await request_quiz(connection, event, "one", "") == first


async def test_no_quiz_is_ordered_about_what_is_not_complete_or_anothers(database: FreshDatabase) -> None:
    unfinished, audio = await queued_video(database.app), await completed(database.app)
    early = QuizRequested(creator_id=unfinished.creator_id, video_id=unfinished.video_id)
    strangers = QuizRequested(creator_id=uuid4(), video_id=audio.video.video_id)
    for event, refusal in ((early, StatusForbids), (strangers, VideoNotFound)):
        with pytest.raises(refusal):
            await EventInbox(database.app).accept("quiz", event)
