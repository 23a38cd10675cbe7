"""What the gateway remembers in Redis, and that every write makes it forget in the same breath."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.callers import enrolled
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.lectures import completed

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    async with running_gateway(
        gateway_settings(servers, database, folder, redis_cache_url=servers.redis_url)
    ) as running:
        yield running


@pytest.fixture
def creator() -> UUID:
    return uuid4()


async def _title(gateway: Gateway, headers: dict[str, str], video: UUID) -> str | int:
    """The video's title, or the status where there is none."""
    answer = await gateway.client.get(f"/api/videos/{video}", headers=headers)
    return str(answer.json()["title"]) if answer.status_code == 200 else answer.status_code


async def _rename_behind_its_back(database: FreshDatabase, video: UUID) -> None:
    await database.scalar("UPDATE videos SET title = 'unseen' WHERE id = $1", video)


async def test_a_page_is_read_once_and_an_edit_shows_at_once(
    gateway: Gateway, database: FreshDatabase, creator: UUID
) -> None:
    video = (await completed(database, creator))[0].video.video_id
    headers = gateway.creator(creator)
    first = await _title(gateway, headers, video)
    await _rename_behind_its_back(database, video)
    assert await _title(gateway, headers, video) == first != "unseen"
    await gateway.client.patch(f"/api/videos/{video}", headers=headers, json={"title": "edited"})
    assert await _title(gateway, headers, video) == "edited"
    await gateway.client.delete(f"/api/videos/{video}", headers=headers)
    assert await _title(gateway, headers, video) == 404


async def test_members_share_a_page_and_nobody_else_gets_it(
    gateway: Gateway, database: FreshDatabase, creator: UUID
) -> None:
    video = (await completed(database, creator))[0].video.video_id
    await enrolled(database, creator)
    ada, eve, stranger = (
        gateway.student(creator), gateway.student(creator, "eve"), gateway.student(uuid4())
    )  # fmt: skip
    assert isinstance(await _title(gateway, ada, video), str)
    assert await _title(gateway, eve, video) == 404
    assert await _title(gateway, stranger, video) == 404
    assert await _title(gateway, gateway.creator(uuid4()), video) == 404


async def test_a_membership_that_begins_or_ends_by_event_counts_at_once(
    gateway: Gateway, database: FreshDatabase, creator: UUID
) -> None:
    video = (await completed(database, creator))[0].video.video_id
    student = gateway.student(creator)
    assert await _title(gateway, student, video) == 404
    for status, expected in (("active", False), ("cancelled", True)):
        await _tell_membership(gateway, creator, status)
        assert (await _title(gateway, student, video) == 404) is expected


async def _tell_membership(gateway: Gateway, creator: UUID, status: str) -> None:
    """Ada's, by an event."""
    event = {
        "type": "membership/changed", "membership_id": "ada", "user_id": "ada", "status": status,
        "changed_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    headers = gateway.creator(creator) | {"Idempotency-Key": status}
    assert (await gateway.client.post("/api/events", headers=headers, json=event)).status_code == 202


async def test_a_membership_that_ends_in_the_middle_of_a_read_leaves_a_whole_page_for_the_others(
    gateway: Gateway, database: FreshDatabase, creator: UUID
) -> None:
    audio, quiz = await completed(database, creator)
    await enrolled(database, creator, "eve")
    await _tell_membership(gateway, creator, "active")
    path, ada = f"/api/videos/{audio.video.video_id}", gateway.student(creator)
    async with database.held("video_events", "ACCESS EXCLUSIVE") as until_waiting:
        reading = asyncio.create_task(gateway.client.get(path, headers=ada))
        await until_waiting(1)
        await _tell_membership(gateway, creator, "expired")
    pages = [await reading, await gateway.client.get(path, headers=gateway.student(creator, "eve"))]
    for page in (answer.json() for answer in pages):
        assert page["transcript"]["id"] == str(audio.transcript_id)
        assert (page["quiz_ids"], len(page["stages"]) > 0) == ([str(quiz.quiz_id)], True)
    assert await _title(gateway, ada, audio.video.video_id) == 404


@pytest.mark.parametrize("kind", ["captions.vtt", "transcript"])
async def test_what_is_rendered_is_remembered_for_its_version_and_shown_to_nobody_else(
    gateway: Gateway, database: FreshDatabase, creator: UUID, kind: str
) -> None:
    audio, _ = await completed(database, creator)
    path, headers = f"/api/videos/{audio.video.video_id}/{kind}", gateway.creator(creator)
    first = await gateway.client.get(path, headers=headers)
    await database.scalar("UPDATE segments SET text = 'unseen' WHERE transcript_id = $1", audio.transcript_id)
    assert (await gateway.client.get(path, headers=headers)).text == first.text
    await database.scalar("UPDATE transcripts SET edition = edition + 1 WHERE id = $1", audio.transcript_id)
    newer = await gateway.client.get(path, headers=headers)
    assert newer.headers["etag"] != first.headers["etag"]
    if kind == "transcript":  # captions are of the words
        assert "unseen" in newer.text
    for other in (gateway.creator(uuid4()), gateway.student(creator)):
        assert (await gateway.client.get(path, headers=other)).status_code == 404


async def test_an_operator_makes_it_forget_by_tag_and_by_key(
    gateway: Gateway, database: FreshDatabase, creator: UUID
) -> None:
    video = (await completed(database, creator))[0].video.video_id
    headers = gateway.creator(creator)
    await _title(gateway, headers, video)
    for path in (f"tags/video/{video}", f"video/{video}/creator"):
        await database.scalar("UPDATE videos SET title = $2 WHERE id = $1", video, path)
        assert await _title(gateway, headers, video) != path
        answer = await gateway.client.delete(f"/api/admin/cache/{creator}/{path}", headers=gateway.operator())
        assert answer.status_code == 204
        assert await _title(gateway, headers, video) == path
    counted = (await gateway.client.get("/metrics")).text
    assert 'mentora_cache_reads_total{cache="video",outcome="hit"}' in counted


async def test_students_may_not_chat_where_the_creator_wants_none(
    gateway: Gateway, database: FreshDatabase, creator: UUID
) -> None:
    await completed(database, creator)
    await enrolled(database, creator)
    chosen = await gateway.client.put(
        f"/api/admin/creators/{creator}/settings", headers=gateway.operator(), json={"chat_for_students": False}
    )
    assert chosen.json()["settings"] == {"chat_for_students": False}
    question = {"question": "What is a glacier?", "stream": False}
    refused = await gateway.client.post("/api/chat", headers=gateway.student(creator), json=question)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
