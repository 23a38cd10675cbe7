"""What docs/api.md shows of events and changes is typed here, against a gateway, and answers as it says."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from adapters.postgres.video_changes import VideoWriter
from tests.conftest import Servers
from tests.databases import FreshDatabase, completed, fresh_database, queued_video
from tests.docs.pages import ROOT
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway

pytestmark = pytest.mark.servers

SECTIONS = ("Events", "Change, cancel, retry, delete")
_FENCE = re.compile(r"^```bash\n(.*?)^```$(?:\n\n^```json\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def _examples() -> list[tuple[str, str]]:
    """Each command, and the answer shown below it, if one is."""
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


async def _video_for(database: FreshDatabase, creator: UUID, command: str) -> UUID:
    """One that the command is about: running, cancelled or completed."""
    if "/cancel" not in command and "/retry" not in command:
        return (await completed(database.app, creator)).video.video_id
    video = await queued_video(database.app, creator)
    if "/retry" in command:
        await VideoWriter(database.app).cancel(creator, video.video_id)
    return video.video_id


def test_every_event_and_every_change_has_an_example() -> None:
    shown = "\n".join(command for command, _ in _examples())
    for wanted in ("video/upload.completed", "transcript/edited", "quiz/requested", "video/deleted",
                   "membership/changed", "quizzes/generate", "PATCH", "DELETE", "/cancel", "/retry"):  # fmt: skip
        assert wanted in shown


@pytest.mark.parametrize(("command", "answer"), _examples())
async def test_the_command_works_and_its_answer_looks_as_shown(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, command: str, answer: str
) -> None:
    creator = uuid4()
    video = await _video_for(database, creator, command)
    token = gateway.creator(creator)["Authorization"].removeprefix("Bearer ")
    environment = {"PATH": os.environ["PATH"], "API": gateway.url, "TOKEN": token, "VIDEO": str(video)}
    child = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", command, env=environment, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode == 0, said
    if answer:
        shown, found = json.loads(answer), json.loads(said)
        assert found.keys() == shown.keys()
        ids = {"id", "video_id", "quiz_id", "workflow_id"}
        assert {k: v for k, v in found.items() if k not in ids} == {k: v for k, v in shown.items() if k not in ids}
