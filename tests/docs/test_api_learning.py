"""What docs/api.md shows of watching and learning is typed here, against a gateway, and answers as it says."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.callers import enrolled
from tests.databases import FreshDatabase
from tests.docs.examples import Example, examples, general, typed
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import completed

pytestmark = pytest.mark.servers

EXAMPLES = examples("Videos", "Progress", "Transcript and captions", "Watch time", "Quizzes")


def test_every_route_of_learning_has_an_example() -> None:
    shown = "\n".join(example.command for example in EXAMPLES)
    for wanted in ("/api/videos?", "/api/videos/$VIDEO", "/progress", "/transcript", "/captions.vtt", "/captions.srt",
                   "/watch", "/api/quizzes/$QUIZ", "/attempts"):  # fmt: skip
        assert wanted in shown


@pytest.mark.parametrize("example", EXAMPLES)
async def test_the_command_works_and_its_answer_is_as_shown(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, example: Example
) -> None:
    creator = uuid4()
    audio, quiz = await completed(database, creator)
    await enrolled(database, creator)
    question = await database.scalar("SELECT id FROM questions WHERE quiz_id = $1", quiz.quiz_id)
    said = await typed(
        example.command,
        tmp_path,
        API=gateway.url,
        TOKEN=gateway.creator(creator)["Authorization"].removeprefix("Bearer "),
        STUDENT=gateway.student(creator)["Authorization"].removeprefix("Bearer "),
        VIDEO=audio.video.video_id,
        QUIZ=quiz.quiz_id,
        QUESTION=question,
    )
    if example.kind == "json":
        assert general(json.loads(said)) == general(json.loads(example.answer))
    elif example.kind == "text":
        assert general(said.strip()) == general(example.answer.strip())
