"""What docs/api.md shows of search and chat is typed here, against a gateway, and answers as it says."""

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

from tests.callers import creator_caller
from tests.chats import chatted
from tests.conftest import Servers
from tests.databases import FreshDatabase, fresh_database
from tests.docs.pages import ROOT
from tests.fake_models import WordEmbedder
from tests.searchable import ICE, searchable
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway

pytestmark = pytest.mark.servers

SECTIONS = ("Search", "Chat")
_FENCE = re.compile(r"^```bash\n(.*?)^```$(?:\n\n^```json\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
_DIFFER = {"id", "session_id", "video_id", "asked_at", "score"}


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


def _comparable(value: Any) -> Any:
    """Without what differs from run to run; that it is there is compared."""
    if isinstance(value, dict):
        return {key: "" if key in _DIFFER else _comparable(inner) for key, inner in value.items()}
    return [_comparable(inner) for inner in value] if isinstance(value, list) else value


def test_every_address_has_an_example() -> None:
    shown = "\n".join(command for command, _ in _examples())
    for wanted in ("/api/search", '/api/chat"', "/api/chat/sessions?", "/api/chat/sessions/$SESSION"):
        assert wanted in shown


@pytest.mark.parametrize(("command", "answer"), _examples())
async def test_the_command_works_and_its_answer_looks_as_shown(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, command: str, answer: str
) -> None:
    creator = uuid4()
    video = await searchable(database.app, WordEmbedder(), creator, ICE)
    session = (await chatted(database.app, creator_caller(creator))).session_id
    token = gateway.creator(creator)["Authorization"].removeprefix("Bearer ")
    known = {"API": gateway.url, "TOKEN": token, "VIDEO": str(video.video_id), "SESSION": str(session)}
    child = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", command,
        env={"PATH": os.environ["PATH"], **known}, cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await child.communicate()
    assert child.returncode == 0, said
    if "-N" in command.split():
        assert re.findall(rb"^event: (\w+)$", said, re.MULTILINE)[0] == b"session"
        assert said.count(b"event: done\n") == 1
    elif answer:
        assert _comparable(json.loads(said)) == _comparable(json.loads(answer))
    else:
        assert json.loads(said)["items"]
