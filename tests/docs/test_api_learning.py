"""What docs/api.md shows of watching and learning is typed here, against a gateway, and answers as it says."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.conftest import Servers
from tests.databases import FreshDatabase, fresh_database
from tests.docs.pages import ROOT
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.lectures import completed, enrolled

pytestmark = pytest.mark.servers

SECTIONS = ("Videos", "Progress", "Transcript and captions", "Watch time", "Quizzes")
_FENCE = re.compile(r"^```bash\n(.*?)^```$(?:\n\n^```(json|text)\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
_OF_ITS_OWN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|^id: \d+$", re.MULTILINE)


def _examples() -> list[tuple[str, str, str]]:
    """Each command, and the answer shown below it, if one is, with its kind."""
    page = (ROOT / "docs" / "api.md").read_text()
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    return [found for text in sections if text.startswith(SECTIONS) for found in _FENCE.findall(text)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(servers: Servers) -> AsyncIterator[FreshDatabase]:
    async with fresh_database(servers.admin_url, servers.app_url, servers.relay_url) as fresh:
        yield fresh


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    async with running_gateway(gateway_settings(servers, database, tmp_path_factory.mktemp("api"))) as running:
        yield running


def test_every_route_of_learning_has_an_example() -> None:
    shown = "\n".join(command for command, _, _ in _examples())
    for wanted in ("/api/videos?", "/api/videos/$VIDEO", "/progress", "/transcript", "/captions.vtt", "/captions.srt",
                   "/watch", "/api/quizzes/$QUIZ", "/attempts"):  # fmt: skip
        assert wanted in shown


@pytest.mark.parametrize(("command", "kind", "answer"), _examples())
async def test_the_command_works_and_its_answer_is_as_shown(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, command: str, kind: str, answer: str
) -> None:
    creator = uuid4()
    audio, quiz = await completed(database, creator)
    await enrolled(database, creator)
    question = await database.scalar("SELECT id FROM questions WHERE quiz_id = $1", quiz.quiz_id)
    said = await _typed(
        command,
        tmp_path,
        API=gateway.url,
        TOKEN=gateway.creator(creator)["Authorization"].removeprefix("Bearer "),
        STUDENT=gateway.student(creator)["Authorization"].removeprefix("Bearer "),
        VIDEO=audio.video.video_id,
        QUIZ=quiz.quiz_id,
        QUESTION=question,
    )
    if kind == "json":
        assert _general(json.loads(said)) == _general(json.loads(answer))
    elif kind == "text":
        assert _general(said.strip()) == _general(answer.strip())


async def _typed(command: str, folder: Path, **variables: object) -> str:
    environment = {"PATH": os.environ["PATH"]} | {name: str(value) for name, value in variables.items()}
    child = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", command, env=environment, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode == 0, said
    return said.decode()


def _general(found: Any) -> Any:
    """Without what is another each time: ids, instants, numbers of changes."""
    if isinstance(found, dict):
        return {key: _general(value) for key, value in found.items()}
    if isinstance(found, list):
        return [_general(value) for value in found]
    return _OF_ITS_OWN.sub("...", found) if isinstance(found, str) else found
