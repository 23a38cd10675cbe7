"""Every address of the contract that an id leads to, asked by those whom it is not for: a new route is asked too."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio

from schemas.videos import VideoRef
from tests.callers import enrolled
from tests.databases import FreshDatabase
from tests.fake_models import WordEmbedder
from tests.searchable import SEA, published, searchable
from tests.starters.api.conversation import heard
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import completed
from tests.starters.api.senders import BYTES, TUS, Sender

pytestmark = pytest.mark.servers

SECRET = "moraine"  # stands in the title of everything that the owner has

# What a request needs to get as far as the id; where nothing stands here, an address is enough.
NEEDS: dict[str, dict[str, Any]] = {
    "HEAD /api/videos/upload/{upload_id}": {"headers": TUS},
    "PATCH /api/videos/upload/{upload_id}": {"headers": TUS | BYTES | {"Upload-Offset": "0"}, "content": b"1"},
    "DELETE /api/videos/upload/{upload_id}": {"headers": TUS},
    "PATCH /api/videos/{video_id}": {"json": {"title": "mine"}},
    "POST /api/videos/{video_id}/watch": {
        "json": {
            "batch_id": str(uuid4()),
            "items": [{"from_second": 0, "to_second": 1, "at": "2026-11-02T10:00:00Z"}],
        }
    },
    "POST /api/quizzes/{quiz_id}/attempts": {"headers": {"Idempotency-Key": "mine"}, "json": {"answers": []}},
    "PUT /api/admin/creators/{creator_id}/settings": {"json": {}},
    "PUT /api/admin/limits/{name}": {"json": {"requests": 1, "window_seconds": 1}},
}
UUIDS = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMES = {"policy": "video", "tag": "settings", "name": "chat"}


@dataclass(frozen=True)
class Owner:
    """A creator with one of everything: each id by the name that it has in an address."""

    creator: UUID
    ids: dict[str, str]
    video: VideoRef


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owner(gateway: Gateway, database: FreshDatabase) -> AsyncIterator[Owner]:
    creator = uuid4()
    audio, quiz = await completed(database, creator)
    await published(database, await searchable(database.app, WordEmbedder(), creator, f"{SECRET} {SEA}"))
    await database.scalar("UPDATE videos SET title = $2 WHERE creator_id = $1", creator, SECRET)
    await enrolled(database, creator)
    answer = await heard(gateway, gateway.student(creator), question="What is the tide?")
    (done,) = answer.all("done")
    upload = await Sender(gateway, creator).begun(9)
    ids = {
        "creator_id": str(creator),
        "video_id": str(audio.video.video_id),
        "quiz_id": str(quiz.quiz_id),
        "session_id": done["session_id"],
        "upload_id": upload.rpartition("/")[2],
    }
    await gateway.limit("api", 1_000)
    yield Owner(creator, ids, audio.video)
    await gateway.client.delete("/api/admin/limits/api", headers=gateway.operator())


async def _operations(gateway: Gateway) -> list[tuple[str, str]]:
    """Method and address of all that asks who calls and is about something."""
    paths = (await gateway.client.get("/openapi.json")).json()["paths"]
    found = [
        (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "{" in path and operation.get("security")
    ]
    assert len(found) > 20
    return found


async def _sent(
    gateway: Gateway, method: str, template: str, ids: dict[str, str], who: dict[str, str]
) -> httpx2.Response:
    needed = NEEDS.get(f"{method} {template}", {})
    headers = needed.get("headers", {}) | who
    return await gateway.client.request(method, template.format(**NAMES | ids), **{**needed, "headers": headers})


def _told(answer: httpx2.Response) -> tuple[int, dict[str, object]]:
    """All that an answer says, but for ids: the request's, and the one that was asked for."""
    said = json.loads(UUIDS.sub("an id", answer.text)) if answer.content else {}
    return answer.status_code, {name: value for name, value in said.items() if name != "request_id"}


async def _all_that_is_there(database: FreshDatabase, creator: UUID) -> dict[str, object]:
    """Every row of the creator's, table by table."""
    tables = await database.rows("SELECT table_name FROM information_schema.columns WHERE column_name = 'creator_id'")
    assert len(tables) > 15
    return {
        name: await database.scalar(
            f"SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM {name} t WHERE creator_id = $1", creator
        )
        for (name,) in tables
    }


async def test_what_the_owner_asks_for_is_there(gateway: Gateway, owner: Owner) -> None:
    """Else the answers below would say nothing."""
    for method, template in await _operations(gateway):
        if method in {"GET", "HEAD"} and "admin" not in template and "session" not in template:
            if template.endswith(("/progress", "/media")):
                continue  # the one does not end, the other wants a file
            answer = await _sent(gateway, method, template, owner.ids, gateway.creator(owner.creator))
            assert answer.status_code in {200, 307}, (method, template, answer.text)


@pytest.mark.parametrize("outsider", ["creator", "student", "stranger"])
async def test_ids_of_others_lead_nowhere_and_nothing_is_changed(
    gateway: Gateway, database: FreshDatabase, owner: Owner, outsider: str
) -> None:
    elsewhere = uuid4()
    await enrolled(database, elsewhere)
    who = {"creator": gateway.creator(elsewhere), "student": gateway.student(elsewhere), "stranger": {}}[outsider]
    before = await _all_that_is_there(database, owner.creator)
    for method, template in await _operations(gateway):
        answer = await _sent(gateway, method, template, owner.ids, who)
        of_nobody = await _sent(gateway, method, template, {name: str(uuid4()) for name in owner.ids}, who)
        assert answer.status_code in ({403, 404} if who else {401}), (method, template, answer.text)
        assert _told(answer) == _told(of_nobody), (method, template)
    assert await _all_that_is_there(database, owner.creator) == before


@pytest.mark.parametrize("outsider", ["creator", "student"])
async def test_ids_of_others_in_a_body_or_a_query_lead_nowhere(
    gateway: Gateway, database: FreshDatabase, owner: Owner, outsider: str
) -> None:
    elsewhere = uuid4()
    await enrolled(database, elsewhere)
    who = {"creator": gateway.creator(elsewhere), "student": gateway.student(elsewhere)}[outsider]
    video, session = owner.ids["video_id"], owner.ids["session_id"]
    course = str(await database.scalar("SELECT id FROM courses WHERE creator_id = $1 LIMIT 1", owner.creator))
    before = await _all_that_is_there(database, owner.creator)
    for about in ({}, {"video_id": video}, {"course_id": course}):
        found = await gateway.client.get("/api/search", headers=who, params={"q": "tide"} | about)
        assert (found.status_code, found.json()["items"]) == (200, [])
    for about in ({"video_id": video}, {"course_id": course}, {"session_id": session}):
        asked = await gateway.client.post(
            "/api/chat", headers=who, json={"question": "What is the tide?", "stream": False} | about
        )
        assert asked.status_code == 404 or asked.json()["citations"] == [], asked.text
        assert SECRET not in asked.text
    events: list[dict[str, object]] = [
        {"type": "video/deleted"},
        {"type": "quiz/requested"},
        {"type": "transcript/edited", "segments": [{"number": 0, "text": "mine"}]},
    ]
    for event in events:
        told = await gateway.client.post(
            "/api/events", headers=who | {"Idempotency-Key": str(uuid4())}, json=event | {"video_id": video}
        )
        assert told.status_code == (404 if outsider == "creator" else 403), told.text
    assert await _all_that_is_there(database, owner.creator) == before


async def test_another_spelling_of_an_address_is_the_same_address_or_none(gateway: Gateway, owner: Owner) -> None:
    """What is counted, bounded and asked for a credential goes by the address: no spelling may go around it."""
    video = owner.ids["video_id"]
    for method, path in (("GET", f"/api/videos/{video}"), ("POST", "/api/chat"), ("POST", "/api/videos/upload")):
        plain = await gateway.client.request(method, path, headers=TUS, content=b"{}")
        for spelling in (
            path + "/", "/" + path, path.replace("/api/", "/api//"), path.replace("/api/", "/api/x/../"),
            path.replace("/api/", "/API/"), path.replace("/api/", "/%61pi/"), path.replace("/api/", "/api%2F"),
            path + "%00", path + ";x", path + "?x=1", path + "%20", path.replace("/api/", "/api/./"),
        ):  # fmt: skip
            answer = await gateway.client.request(method, spelling, headers=TUS, content=b"{}")
            same = (answer.status_code, answer.headers.get("ratelimit-limit")) == (
                plain.status_code, plain.headers["ratelimit-limit"],
            )  # fmt: skip
            assert same or answer.status_code in {404, 405}, (spelling, answer.status_code, answer.text)
