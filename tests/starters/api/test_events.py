"""Platform events over HTTP: accepted once each, for their own creator, as long as PostgreSQL is there."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from schemas.ids import process_video_workflow_id, video_id
from schemas.media import AudioRef
from tests.databases import FreshDatabase, completed
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

UPLOAD = {"type": "video/upload.completed", "title": "On glaciers", "url": "https://example.com/lecture.mp4"}


async def _post(gateway: Gateway, creator: UUID, key: str, body: dict[str, Any]) -> httpx2.Response:
    """As ASCII, for a body may hold what no UTF-8 can."""
    headers = gateway.creator(creator) | {"Idempotency-Key": key, "Content-Type": "application/json"}
    return await gateway.client.post("/api/events", content=json.dumps(body), headers=headers)


def _refused(answer: httpx2.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_an_event_is_answered_with_what_it_starts(gateway: Gateway) -> None:
    creator = uuid4()
    answer = await _post(gateway, creator, "key-1", UPLOAD)
    video = video_id(creator, "key-1")
    assert answer.status_code == 202
    assert answer.json() == {
        "event": "video/upload.completed",
        "video_id": str(video),
        "workflow_id": process_video_workflow_id(creator, video),
        "quiz_id": None,
    }
    found = await gateway.client.get(f"/api/videos/{video}", headers=gateway.creator(creator))
    assert (found.json()["title"], found.json()["status"]) == ("On glaciers", "queued")


async def test_a_hundred_posts_at_once_are_one_workflow_and_a_hundred_equal_answers(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    answers = await asyncio.gather(*(_post(gateway, creator, "key-1", UPLOAD) for _ in range(100)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    repeats = [answer.headers.get("Idempotent-Replayed") for answer in answers]
    assert (repeats.count(None), repeats.count("true")) == (1, 99)
    for table in ("videos", "outbox", "idempotency_keys"):
        assert await database.scalar(f"SELECT count(*) FROM {table} WHERE creator_id = $1", creator) == 1


async def test_the_same_key_with_another_event_is_refused(gateway: Gateway) -> None:
    creator = uuid4()
    first = await _post(gateway, creator, "key-1", UPLOAD)
    _refused(await _post(gateway, creator, "key-1", UPLOAD | {"title": "Other"}), 422, "idempotency_key_reused")
    wish = {"type": "quiz/requested", "video_id": first.json()["video_id"]}
    _refused(await _post(gateway, creator, "key-1", wish), 422, "idempotency_key_reused")
    assert (await _post(gateway, creator, "key-1", UPLOAD | {"creator_id": str(creator)})).content == first.content


async def test_an_event_without_a_key_is_refused(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/events", json=UPLOAD, headers=gateway.creator(uuid4()))
    _refused(answer, 422, "request_invalid")
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"
    _refused(await _post(gateway, uuid4(), "x" * 256, UPLOAD), 422, "request_invalid")
    _refused(await _post(gateway, uuid4(), "tab\tin-it", UPLOAD), 422, "request_invalid")


async def test_events_are_for_creators_and_their_own(gateway: Gateway, database: FreshDatabase) -> None:
    creator, other = uuid4(), uuid4()
    _refused(await _post(gateway, creator, "key-1", UPLOAD | {"creator_id": str(other)}), 403, "forbidden")
    student = gateway.student(creator) | {"Idempotency-Key": "key-1"}
    _refused(await gateway.client.post("/api/events", json=UPLOAD, headers=student), 403, "forbidden")
    nobody = {"Idempotency-Key": "key-1"}
    _refused(await gateway.client.post("/api/events", json=UPLOAD, headers=nobody), 401, "unauthenticated")
    keys = "SELECT count(*) FROM idempotency_keys WHERE creator_id = ANY ($1::uuid[])"
    assert await database.scalar(keys, [creator, other]) == 0


NUL, SURROGATE = "a\0b", "\ud800"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": None}, "request_invalid"),
        ({"object_key": "OWN/x"}, "request_invalid"),
        ({"url": None, "object_key": "OTHER/x"}, "file_not_readable"),
        ({"url": None, "object_key": "OWN/../OTHER/x"}, "request_invalid"),
        ({"url": None, "object_key": NUL}, "request_invalid"),
        ({"url": "http://example.com/a.mp4"}, "url_refused"),
        ({"url": "file:///etc/passwd"}, "url_refused"),
        ({"url": f"https://example.com/{NUL}"}, "url_refused"),
        ({"title": ""}, "request_invalid"),
        ({"title": "\0"}, "request_invalid"),
        ({"title": "x" * 301}, "request_invalid"),
        ({"course": SURROGATE}, "request_invalid"),
        ({"type": "video/unheard.of"}, "request_invalid"),
        ({"type": None}, "request_invalid"),
    ],
)
async def test_an_event_that_does_not_say_what_it_must_is_refused(
    gateway: Gateway, changes: dict[str, str | None], code: str
) -> None:
    creator, other = uuid4(), uuid4()
    told = {k: v and v.replace("OWN", str(creator)).replace("OTHER", str(other)) for k, v in changes.items()}
    _refused(await _post(gateway, creator, "key-1", UPLOAD | told), 422, code)


async def test_what_cannot_be_seen_of_a_title_is_left_out(gateway: Gateway) -> None:
    creator = uuid4()
    answer = await _post(gateway, creator, "key-1", UPLOAD | {"title": " On\0 \u202eice "})
    found = await gateway.client.get(f"/api/videos/{answer.json()['video_id']}", headers=gateway.creator(creator))
    assert found.json()["title"] == "On ice"


async def _changes(audio: AudioRef) -> list[dict[str, Any]]:
    video = str(audio.video.video_id)
    return [
        {"type": "transcript/edited", "video_id": video, "segments": [{"number": 0, "text": "Part zero."}]},
        {"type": "quiz/requested", "video_id": video},
        {"type": "video/deleted", "video_id": video},
    ]


async def test_each_event_starts_its_own_story_and_a_repeat_none(gateway: Gateway, database: FreshDatabase) -> None:
    audio = await completed(database.app)
    creator = audio.video.creator_id
    for n, body in enumerate(await _changes(audio)):
        first, again = [await _post(gateway, creator, f"change-{n}", body) for _ in range(2)]
        assert (first.status_code, first.content) == (202, again.content)
        started = first.json()
        assert (started["event"], started["video_id"]) == (body["type"], body["video_id"])
        orders = await database.rows("SELECT kind FROM outbox WHERE workflow_id = $1", started["workflow_id"])
        assert [row["kind"] for row in orders] == [started["workflow_id"].partition("/")[0]]
    gone = await gateway.client.get(f"/api/videos/{audio.video.video_id}", headers=gateway.creator(creator))
    _refused(gone, 404, "video_not_found")


async def test_another_creators_video_is_not_found_by_any_event(gateway: Gateway, database: FreshDatabase) -> None:
    audio = await completed(database.app)
    for n, body in enumerate(await _changes(audio)):
        _refused(await _post(gateway, uuid4(), f"change-{n}", body), 404, "video_not_found")


async def test_a_membership_that_changes_starts_nothing_and_opens_the_door(gateway: Gateway) -> None:
    creator = uuid4()
    body = {"type": "membership/changed", "membership_id": "mem_1", "user_id": "ada", "status": "active"}
    _refused(
        await _post(gateway, creator, "no-zone", body | {"changed_at": "2026-01-01T12:00:00"}), 422, "request_invalid"
    )
    for beyond in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):  # which UTC has no name for
        times = {"changed_at": "2026-01-01T12:00:00Z", "valid_until": beyond}
        _refused(await _post(gateway, creator, "beyond", body | times), 422, "request_invalid")
    answer = await _post(gateway, creator, "joined", body | {"changed_at": "2026-01-01T12:00:00Z"})
    assert answer.json() == {
        "event": "membership/changed",
        "video_id": None,
        "workflow_id": None,
        "quiz_id": None,
    }


async def test_a_quiz_can_be_asked_for_at_its_own_address(gateway: Gateway, database: FreshDatabase) -> None:
    audio = await completed(database.app)
    creator, wish = audio.video.creator_id, {"video_id": str(audio.video.video_id), "questions": 5}
    headers = gateway.creator(creator) | {"Idempotency-Key": "quiz-1"}
    first, again = [await gateway.client.post("/api/quizzes/generate", json=wish, headers=headers) for _ in range(2)]
    assert (first.status_code, first.content) == (202, again.content)
    orders = await database.rows("SELECT kind FROM outbox WHERE workflow_id = $1", first.json()["workflow_id"])
    assert [row["kind"] for row in orders] == ["generate-quiz"]
    assert first.json()["quiz_id"] in first.json()["workflow_id"]
    student = gateway.student(creator) | {"Idempotency-Key": "quiz-2"}
    _refused(await gateway.client.post("/api/quizzes/generate", json=wish, headers=student), 403, "forbidden")
