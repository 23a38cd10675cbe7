"""What docs/api.md shows of search and chat is typed here, against a gateway, and answers as it says."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest

from tests.callers import creator_caller
from tests.chats import chatted
from tests.databases import FreshDatabase
from tests.docs.examples import Example, examples, general, typed
from tests.fake_models import WordEmbedder
from tests.searchable import ICE, searchable
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

EXAMPLES = examples("Search", "Chat")


def test_every_address_has_an_example() -> None:
    shown = "\n".join(example.command for example in EXAMPLES)
    for wanted in ("/api/search", '/api/chat"', "/api/chat/sessions?", "/api/chat/sessions/$SESSION"):
        assert wanted in shown


@pytest.mark.parametrize("example", EXAMPLES)
async def test_the_command_works_and_its_answer_looks_as_shown(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, example: Example
) -> None:
    creator = uuid4()
    video = await searchable(database.app, WordEmbedder(), creator, ICE)
    session = (await chatted(database.app, creator_caller(creator))).session_id
    token = gateway.creator(creator)["Authorization"].removeprefix("Bearer ")
    said = await typed(example.command, tmp_path, API=gateway.url, TOKEN=token, VIDEO=video.video_id, SESSION=session)
    if "-N" in example.command.split():
        assert re.findall(r"^event: (\w+)$", said, re.MULTILINE)[0] == "session"
        assert said.count("event: done\n") == 1
    elif example.answer:
        assert general(json.loads(said)) == general(json.loads(example.answer))
    else:
        assert json.loads(said)["items"]
