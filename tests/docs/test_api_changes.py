"""What docs/api.md shows of events and changes is typed here, against a gateway, and answers as it says."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.postgres.video_changes import VideoWriter
from tests.databases import FreshDatabase, completed, queued_video
from tests.docs.examples import Example, examples, general, typed
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

EXAMPLES = examples("Events", "Change, cancel, retry, delete")


async def _video_for(database: FreshDatabase, creator: UUID, command: str) -> UUID:
    """One that the command is about: running, cancelled or completed."""
    if "/cancel" not in command and "/retry" not in command:
        return (await completed(database.app, creator)).video.video_id
    video = await queued_video(database.app, creator)
    if "/retry" in command:
        await VideoWriter(database.app).cancel(creator, video.video_id)
    return video.video_id


def test_every_event_and_every_change_has_an_example() -> None:
    shown = "\n".join(example.command for example in EXAMPLES)
    for wanted in ("video/upload.completed", "transcript/edited", "quiz/requested", "video/deleted",
                   "membership/changed", "quizzes/generate", "PATCH", "DELETE", "/cancel", "/retry"):  # fmt: skip
        assert wanted in shown


@pytest.mark.parametrize("example", EXAMPLES)
async def test_the_command_works_and_its_answer_looks_as_shown(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, example: Example
) -> None:
    creator = uuid4()
    said = await typed(
        example.command,
        tmp_path,
        API=gateway.url,
        TOKEN=gateway.creator(creator)["Authorization"].removeprefix("Bearer "),
        VIDEO=await _video_for(database, creator, example.command),
    )
    if example.answer:
        assert general(json.loads(said)) == general(json.loads(example.answer))
