"""Editing, cancelling, retrying and deleting over HTTP, each once and for the video's creator only."""

import asyncio
from uuid import uuid4

import httpx2
import pytest

from adapters.postgres.videos import PostgresVideos
from schemas.videos import VideoRef
from tests.databases import FreshDatabase, completed, queued_video
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers


async def _ask(
    gateway: Gateway, method: str, video: VideoRef, path: str = "", json: object = None, if_match: str | None = None
) -> httpx2.Response:
    headers = gateway.creator(video.creator_id) | ({"If-Match": if_match} if if_match else {})
    return await gateway.client.request(method, f"/api/videos/{video.video_id}{path}", headers=headers, json=json)


def _refused(answer: httpx2.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_an_edit_answers_with_what_the_video_is_and_its_tag(gateway: Gateway, database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    edited = await _ask(gateway, "PATCH", video, json={"title": " On  ice ", "published": True})
    assert edited.json() == {"id": str(video.video_id), "title": "On ice", "course": "Geology", "published": True}
    tag = edited.headers["etag"]
    again = await _ask(gateway, "PATCH", video, json={"title": "On ice"}, if_match=f'"other", {tag}')
    assert (again.status_code, again.headers["etag"]) == (200, tag)
    for held in (f"W/{tag}", '"other"', tag[:-1]):
        _refused(await _ask(gateway, "PATCH", video, json={"title": "x"}, if_match=held), 412, "video_changed")
    assert (await _ask(gateway, "PATCH", video, json={}, if_match="*")).status_code == 200
    other = await _ask(gateway, "PATCH", video, json={"course": None}, if_match=tag)
    assert (other.json()["course"], other.headers["etag"] == tag) == (None, False)
    _refused(await _ask(gateway, "PATCH", video, json={"title": "x"}, if_match=tag), 412, "video_changed")


async def test_two_editors_at_once_cannot_both_have_read_the_last_version(
    gateway: Gateway, database: FreshDatabase
) -> None:
    video = await queued_video(database.app)
    tag = (await _ask(gateway, "PATCH", video, json={})).headers["etag"]
    edits = [_ask(gateway, "PATCH", video, json={"title": f"T{n}"}, if_match=tag) for n in range(10)]
    statuses = [answer.status_code for answer in await asyncio.gather(*edits)]
    assert sorted(statuses) == [200] + [412] * 9


@pytest.mark.parametrize(
    "body", [{"title": ""}, {"title": "\0"}, {"title": "x" * 301}, {"published": "perhaps"}, {"course": 1}, [], "x"]
)
async def test_an_edit_that_cannot_be_is_refused(gateway: Gateway, database: FreshDatabase, body: object) -> None:
    video = await queued_video(database.app)
    _refused(await _ask(gateway, "PATCH", video, json=body), 422, "request_invalid")


async def test_cancelling_and_retrying_tell_where_the_video_stands(gateway: Gateway, database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    _refused(await _ask(gateway, "POST", video, "/retry"), 409, "status_forbids")
    first, again = [await _ask(gateway, "POST", video, "/cancel") for _ in range(2)]
    assert (first.status_code, first.json()["status"], first.content) == (200, "cancelled", again.content)
    retried = await _ask(gateway, "POST", video, "/retry")
    assert (retried.status_code, retried.json()["status"], retried.json()["epoch"]) == (202, "queued", 3)
    assert retried.json()["workflow_id"].endswith("/3")
    _refused(await _ask(gateway, "POST", video, "/retry"), 409, "status_forbids")


async def test_what_is_complete_can_be_neither_cancelled_nor_retried(gateway: Gateway, database: FreshDatabase) -> None:
    video = (await completed(database.app)).video
    for path in ("/cancel", "/retry"):
        _refused(await _ask(gateway, "POST", video, path), 409, "status_forbids")


async def test_a_deleted_video_is_gone_and_deleting_it_again_is_answered_alike(
    gateway: Gateway, database: FreshDatabase
) -> None:
    video = (await completed(database.app)).video
    for _ in range(2):
        answer = await _ask(gateway, "DELETE", video)
        assert (answer.status_code, answer.content) == (204, b"")
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/cancel"), ("POST", "/retry")):
        _refused(await _ask(gateway, method, video, path, json={}), 404, "video_not_found")
    never = video.model_copy(update={"video_id": uuid4()})
    _refused(await _ask(gateway, "DELETE", never), 404, "video_not_found")


CHANGES = [("PATCH", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/retry")]


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_nobody_but_its_creator_changes_a_video(
    gateway: Gateway, database: FreshDatabase, method: str, path: str
) -> None:
    video = await queued_video(database.app)
    await PostgresVideos(database.app).begin(video)
    row = "SELECT videos::text FROM videos WHERE id = $1"
    before = await database.scalar(row, video.video_id)
    stranger = video.model_copy(update={"creator_id": uuid4()})
    _refused(await _ask(gateway, method, stranger, path, json={"title": "Mine"}), 404, "video_not_found")
    address = f"/api/videos/{video.video_id}{path}"
    for headers, status in ((gateway.student(video.creator_id), 403), (gateway.operator(), 403), ({}, 401)):
        answer = await gateway.client.request(method, address, headers=headers, json={"title": "Mine"})
        assert answer.status_code == status
    assert await database.scalar(row, video.video_id) == before
