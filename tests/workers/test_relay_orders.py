"""Each kind of order does its one thing at Temporal, however often it is carried, also where nothing is left."""

import asyncio

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from adapters.postgres.events import EventInbox
from adapters.postgres.outbox import Outbox
from adapters.postgres.video_changes import VideoWriter
from schemas.events import QuizRequested, SegmentEdit, TranscriptEdited
from schemas.ids import delete_video_workflow_id, process_video_workflow_id
from schemas.videos import VideoRef
from tests.databases import FreshDatabase, completed, queued_video
from workers.relay import carry_waiting

pytestmark = pytest.mark.servers


async def _carry_twice(database: FreshDatabase, client: Client) -> None:
    """As after a kill between carrying and confirming."""
    outbox = Outbox(database.relay)
    orders = await outbox.waiting()
    await carry_waiting(client, outbox)
    for order in orders:
        await database.scalar("UPDATE outbox SET dispatched_at = NULL WHERE id = $1", order.id)
    assert await carry_waiting(client, outbox) == len(orders)
    assert await outbox.waiting() == []


async def _is_cancel_requested(client: Client, workflow_id: str) -> bool:
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    kinds = [event.WhichOneof("attributes") for event in history.events]
    return "workflow_execution_cancel_requested_event_attributes" in kinds


async def _kind(client: Client, workflow_id: str) -> tuple[str, str]:
    described = await client.get_workflow_handle(workflow_id).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    return described.workflow_type, str(described.search_attributes["JobType"][0])


async def test_a_cancelled_video_cancels_its_story_and_a_retry_begins_another(
    database: FreshDatabase, client: Client
) -> None:
    video = await queued_video(database.app)
    first, second = (process_video_workflow_id(video.creator_id, video.video_id, epoch) for epoch in (1, 3))
    await _carry_twice(database, client)
    await VideoWriter(database.app).cancel(video.creator_id, video.video_id)
    await _carry_twice(database, client)
    assert await _is_cancel_requested(client, first)
    await VideoWriter(database.app).retry(video.creator_id, video.video_id)
    await _carry_twice(database, client)
    assert await _kind(client, second) == ("ProcessVideoWorkflow", "process-video")
    assert not await _is_cancel_requested(client, second)


async def test_a_deleted_video_cancels_its_story_and_begins_the_one_of_its_end(
    database: FreshDatabase, client: Client
) -> None:
    video = await queued_video(database.app)
    await _carry_twice(database, client)
    await VideoWriter(database.app).delete(video.creator_id, video.video_id)
    await _carry_twice(database, client)
    assert await _is_cancel_requested(client, process_video_workflow_id(video.creator_id, video.video_id))
    end = delete_video_workflow_id(video.creator_id, video.video_id)
    assert await _kind(client, end) == ("DeleteVideoWorkflow", "delete-video")


async def _never_started(database: FreshDatabase, client: Client, video: VideoRef) -> None:
    await database.scalar("UPDATE outbox SET dispatched_at = now() WHERE creator_id = $1", video.creator_id)


async def _ended(database: FreshDatabase, client: Client, video: VideoRef) -> None:
    await carry_waiting(client, Outbox(database.relay))
    await client.get_workflow_handle(process_video_workflow_id(video.creator_id, video.video_id)).terminate()


@pytest.mark.parametrize("before", [_never_started, _ended])
@pytest.mark.parametrize("change", ["cancel", "delete"])
async def test_a_story_that_is_not_there_is_as_good_as_cancelled(
    database: FreshDatabase,
    client: Client,
    before: object,
    change: str,
) -> None:
    video = await queued_video(database.app)
    assert callable(before)
    await before(database, client, video)
    await getattr(VideoWriter(database.app), change)(video.creator_id, video.video_id)
    await _carry_twice(database, client)


async def test_an_edit_and_a_quiz_begin_stories_of_their_own(database: FreshDatabase, client: Client) -> None:
    audio = await completed(database.app)
    creator, video = audio.video.creator_id, audio.video.video_id
    edit = TranscriptEdited(creator_id=creator, video_id=video, segments=(SegmentEdit(number=0, text="Part zero."),))
    wish, inbox = QuizRequested(creator_id=creator, video_id=video), EventInbox(database.app)
    edited, asked = [(await inbox.accept(key, event)).answer for key, event in (("edit", edit), ("quiz", wish))]
    await _carry_twice(database, client)
    assert await _kind(client, str(edited.workflow_id)) == ("EditTranscriptWorkflow", "edit-transcript")
    assert await _kind(client, str(asked.workflow_id)) == ("GenerateQuizWorkflow", "generate-quiz")


async def test_changes_made_while_temporal_is_away_are_carried_when_it_is_back(
    database: FreshDatabase, client: Client
) -> None:
    video = await queued_video(database.app)
    await carry_waiting(client, Outbox(database.relay))
    await VideoWriter(database.app).cancel(video.creator_id, video.video_id)
    away, outbox = await Client.connect("127.0.0.1:1", lazy=True), Outbox(database.relay)
    with pytest.raises(Exception, match="does not take orders"):
        await carry_waiting(away, outbox)
    assert len(await outbox.waiting()) == 1
    await asyncio.gather(*(carry_waiting(client, outbox) for _ in range(3)))
    assert await outbox.waiting() == []
    assert await _is_cancel_requested(client, process_video_workflow_id(video.creator_id, video.video_id))
