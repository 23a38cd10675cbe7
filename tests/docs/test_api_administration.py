"""What docs/api.md shows of health and administration is typed here, against a gateway."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.databases import FreshDatabase, completed
from tests.docs.examples import Example, examples, typed
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

EXAMPLES = examples("Health and administration")


async def test_every_route_of_it_is_shown(gateway: Gateway) -> None:
    shown = "\n".join(example.command for example in EXAMPLES)
    paths = (await gateway.client.get("/openapi.json")).json()["paths"]
    for path in (
        path for path in paths if path.startswith("/api/admin/") or path in ("/healthz", "/readyz", "/metrics")
    ):
        assert path.split("{")[0] in shown, path


@pytest.mark.parametrize("example", EXAMPLES)
async def test_the_command_works_and_its_answer_is_as_shown(
    gateway: Gateway, database: FreshDatabase, tmp_path: Path, example: Example
) -> None:
    video = (await completed(database.app, uuid4())).video
    operator = gateway.operator()["Authorization"].removeprefix("Bearer ")
    said = await typed(
        example.command,
        tmp_path,
        API=gateway.url,
        OPERATOR=operator,
        CREATOR=video.creator_id,
        VIDEO=video.video_id,
    )
    if example.answer:
        assert json.loads(said) == json.loads(example.answer)
