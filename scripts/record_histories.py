"""Record the histories that `tests/replay` replays, from real runs: `make histories`.

Each is a way that a story can end: completed, completed after a worker was killed, failed, cancelled; and the shorter
stories: a quiz, an edit, a deletion.
"""

import asyncio
import subprocess
import tempfile
from pathlib import Path
from uuid import UUID

from temporalio.client import Client

from adapters.media.binaries import find_ffmpeg
from adapters.postgres.events import EventInbox
from adapters.postgres.pool import Database
from schemas.events import PlatformEvent, SegmentEdit, TranscriptEdited, VideoDeleted
from schemas.ids import generate_quiz_workflow_id, process_video_workflow_id
from starters.replay import recorded
from tests.chaos.faults import inflict, kill, parts_done, stage
from tests.chaos.home import ROOT, RunningHome, running_home

SAMPLE = ROOT / "samples" / "lecture.mp4"
FOLDER = ROOT / "tests" / "replay" / "histories"


def _ffmpeg(*arguments: object) -> None:
    subprocess.run([str(find_ffmpeg()), "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)], check=True)


async def _record(home: RunningHome, workflow_id: str, name: str) -> None:
    with home.reachable():
        (FOLDER / f"{name}.json").write_text(await recorded(workflow_id))


async def _cancelled(home: RunningHome, video: Path) -> str:
    """The id of a story that is cancelled while its parts are transcribed."""
    processing = asyncio.create_task(home.process(video))
    sql = """SELECT v.workflow_id FROM videos v JOIN transcript_parts p ON p.video_id = v.id
             WHERE v.title = $1 AND p.done_at IS NOT NULL"""
    while not (rows := await home.rows(sql, video.stem)):
        await asyncio.sleep(0.05)
    with home.reachable():
        client = await Client.connect(home.state().environment["TEMPORAL_ADDRESS"])
        await client.get_workflow_handle(rows[0][0]).cancel()
    await processing
    return str(rows[0][0])


async def _followed(home: RunningHome, event: PlatformEvent) -> str:
    """The id of the story that the event starts, once it has been told."""
    database = Database(home.state().environment["MENTORA_POSTGRES_URL"])
    try:
        story = (await EventInbox(database).accept(type(event).__name__, event)).answer.workflow_id
    finally:
        await database.close()
    assert story is not None
    sql = "SELECT 1 FROM outbox WHERE workflow_id = $1 AND dispatched_at IS NOT NULL"
    while not await home.rows(sql, story):
        await asyncio.sleep(0.05)
    client = await Client.connect(home.state().environment["TEMPORAL_ADDRESS"])
    await client.get_workflow_handle(story).result()
    return story


async def _record_changes(home: RunningHome, creator: UUID, video: UUID) -> None:
    edit = SegmentEdit(number=0, text="Welcome to this short lecture on the shape of the land.")
    edited = await _followed(home, TranscriptEdited(creator_id=creator, video_id=video, segments=(edit,)))
    await _record(home, edited, "edited")
    await _record(home, await _followed(home, VideoDeleted(creator_id=creator, video_id=video)), "deleted")


async def _retried(home: RunningHome, video: Path) -> str:
    """The id of a story whose first part is lost with its worker, and whose teller is killed too."""
    workers = [kill(name, stage("transcript")) for name in ("transcription-1", "transcription-2")]
    made, _ = await asyncio.gather(home.process(video), inflict(home, workers, [kill("workflows", parts_done(2))]))
    return str(made["workflow_id"])


async def main() -> None:
    """Run everything in a home that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        mute, other, third = (Path(folder) / f"{name}.mp4" for name in ("mute", "other", "third"))
        _ffmpeg("-i", SAMPLE, "-an", "-c", "copy", mute)
        _ffmpeg("-i", SAMPLE, "-t", "100", "-c", "copy", other)
        _ffmpeg("-i", SAMPLE, "-t", "110", "-c", "copy", third)
        async with running_home(Path(folder) / "home") as home:
            # The first, because its faults count the parts of all videos.
            await _record(home, await _retried(home, third), "retried")
            completed = await home.process(SAMPLE)
            await _record(home, completed["workflow_id"], "completed")
            quiz = await home.rows("SELECT creator_id, id, video_id FROM quizzes ORDER BY created_at DESC")
            await _record(home, generate_quiz_workflow_id(quiz[0]["creator_id"], quiz[0]["id"]), "quiz")
            await _record(home, (await home.process(mute))["workflow_id"], "failed")
            await _record(home, await _cancelled(home, other), "cancelled")
            await _record_changes(home, quiz[0]["creator_id"], quiz[0]["video_id"])
            assert completed["workflow_id"] == process_video_workflow_id(quiz[0]["creator_id"], quiz[0]["video_id"])


if __name__ == "__main__":
    asyncio.run(main())
