"""One id from the request to the last step: the gateway's log, the workflow's memo, and every line a step logs."""

import asyncio
import io
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.logs import configure_logging
from adapters.settings import Settings
from adapters.temporal.request_ids import RequestIdInterceptor
from schemas.ids import delete_video_workflow_id, process_video_workflow_id
from schemas.worker_roles import WorkerRole
from tests.conftest import Servers
from tests.databases import FreshDatabase, completed
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.senders import BYTES, TUS
from workers.relay import carry_waiting
from workers.roles import POOLS
from workers.run import build_worker
from workers.wiring import Wiring

pytestmark = pytest.mark.servers

REQUEST = "from-the-platform-7"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What this process logs meanwhile, as its log's reader finds it."""
    root, stream = logging.getLogger(), io.StringIO()
    before = (list(root.handlers), root.level)
    configure_logging(Settings.model_construct(log_format="json", log_level="info"))
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before


async def _client(servers: Servers) -> Client:
    return await Client.connect(
        servers.temporal_address, data_converter=pydantic_data_converter, interceptors=[RequestIdInterceptor()]
    )


async def _tell(gateway: Gateway, servers: Servers, stories: list[str], *roles: WorkerRole) -> dict[str, object]:
    """Carry what waits, and let the workers of these roles tell the stories; return the stories' memos."""
    client, wiring = await _client(servers), Wiring(gateway.settings)
    await carry_waiting(client, wiring.outbox)
    async with AsyncExitStack() as running:
        for role in (WorkerRole.WORKFLOWS, *roles):
            await running.enter_async_context(build_worker(role, POOLS[role], client, wiring))
        for story in stories:
            await asyncio.wait([asyncio.ensure_future(client.get_workflow_handle(story).result())], timeout=60)
    await wiring.database.close()
    return {story: await (await client.get_workflow_handle(story).describe()).memo() for story in stories}


async def test_one_id_is_found_in_the_gateways_log_the_memo_and_the_steps_log(
    servers: Servers, database: FreshDatabase, tmp_path: Path, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    audio = await completed(database.app)
    video = audio.video
    await database.scalar("UPDATE outbox SET dispatched_at = now()")
    story = delete_video_workflow_id(video.creator_id, video.video_id)
    async with running_gateway(gateway_settings(servers, database, tmp_path)) as gateway:
        headers = gateway.creator(video.creator_id) | {"X-Request-Id": REQUEST}
        answer = await gateway.client.delete(f"/api/videos/{video.video_id}", headers=headers)
        assert (answer.status_code, answer.headers["x-request-id"]) == (204, REQUEST)
        memos = await _tell(gateway, servers, [story], WorkerRole.DATABASE)
    assert memos == {story: {"request_id": REQUEST}}
    told = {line["logger"]: line for line in lines() if line.get("request_id") == REQUEST}
    assert told.keys() >= {"starters.api.envelope", "workers.relay", "adapters.temporal.request_ids"}
    step = told["adapters.temporal.request_ids"]
    assert (step["step"], step["workflow_id"], step["attempt"]) == ("remove_objects", story, 1)


async def _by_event(gateway: Gateway, headers: dict[str, str], creator: UUID) -> str:
    body = {"type": "video/upload.completed", "title": "Gone", "object_key": f"{creator}/gone"}
    said = headers | {"Idempotency-Key": "upload-1"}
    answer = await gateway.client.post("/api/events", json=body, headers=said)
    return str(answer.json()["video_id"])


async def _by_form(gateway: Gateway, headers: dict[str, str], _: UUID) -> str:
    answer = await gateway.client.post("/api/videos", headers=headers, files={"file": ("a.mp4", b"no film")})
    return str(answer.json()["id"])


async def _in_pieces(gateway: Gateway, headers: dict[str, str], _: UUID) -> str:
    said = headers | TUS | BYTES
    first = said | {"Upload-Length": "7", "X-Request-Id": "the-first-of-two"}
    begun = await gateway.client.post("/api/videos/upload", headers=first, content=b"no ")
    last = said | {"Upload-Offset": "3"}
    answer = await gateway.client.patch(begun.headers["Location"], headers=last, content=b"film")
    return str(answer.headers["Video-Id"])


@pytest.mark.parametrize(
    ("send", "failed", "code"),
    [
        (_by_event, "fetch_source", "file_not_readable"),
        (_by_form, "extract_audio", "not_media"),
        (_in_pieces, "extract_audio", "not_media"),
    ],
)
async def test_a_step_that_fails_is_told_by_its_errors_name_under_the_id_of_what_brought_the_video(
    servers: Servers,
    database: FreshDatabase,
    tmp_path: Path,
    lines: Callable[[], list[dict[str, Any]]],
    send: Callable[[Gateway, dict[str, str], UUID], Awaitable[str]],
    failed: str,
    code: str,
) -> None:
    creator = uuid4()
    async with running_gateway(gateway_settings(servers, database, tmp_path)) as gateway:
        video = await send(gateway, gateway.creator(creator) | {"X-Request-Id": REQUEST}, creator)
        story = process_video_workflow_id(creator, UUID(video))
        memos = await _tell(gateway, servers, [story], WorkerRole.DATABASE, WorkerRole.MEDIA)
    assert memos == {story: {"request_id": REQUEST}}
    steps = {line["step"]: line["event"] for line in lines() if line.get("request_id") == REQUEST and "step" in line}
    assert steps.keys() == {"begin_video", "fetch_source", failed, "fail_video"}
    assert code in steps[failed]
