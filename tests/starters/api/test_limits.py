"""How often may be asked, what the headers say, and what an operator can change while it runs."""

import asyncio
from uuid import uuid4

import httpx2
import pytest

from schemas.callers import Caller, Role
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers


async def _ask(gateway: Gateway, headers: dict[str, str]) -> httpx2.Response:
    return await gateway.client.get(f"/api/videos/{uuid4()}", headers=headers)


async def test_the_hundred_and_first_request_of_a_minute_is_refused_and_told_when_to_come_back(
    gateway: Gateway,
) -> None:
    headers = gateway.creator(uuid4())
    answers = [await _ask(gateway, headers) for _ in range(101)]
    assert [answer.status_code for answer in answers] == [404] * 100 + [429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers[:3]] == ["99", "98", "97"]
    last = answers[-1]
    assert last.headers["ratelimit-limit"] == "100"
    assert last.headers["ratelimit-remaining"] == "0"
    assert 50 <= int(last.headers["retry-after"]) <= int(last.headers["ratelimit-reset"]) <= 60
    assert last.json()["code"] == "too_many_requests"
    assert (await _ask(gateway, gateway.creator(uuid4()))).status_code == 404  # another caller is not counted with it


async def test_the_twenty_first_chat_of_a_minute_is_refused(gateway: Gateway) -> None:
    await gateway.client.delete("/api/admin/limits/chat", headers=gateway.operator())
    headers = gateway.creator(uuid4())
    answers = [
        await gateway.client.post(
            "/api/chat", headers=headers | {"Idempotency-Key": f"{number}"}, json={"question": ""}
        )
        for number in range(21)
    ]
    assert [answer.status_code for answer in answers] == [422] * 20 + [429]
    assert answers[-1].headers["ratelimit-limit"] == "20"
    assert 50 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_the_eleventh_upload_of_an_hour_is_refused_by_whichever_way_and_its_parts_are_free(
    gateway: Gateway,
) -> None:
    await gateway.client.delete("/api/admin/limits/upload", headers=gateway.operator())
    creator = gateway.creator(uuid4())
    tus = creator | {"Tus-Resumable": "1.0.0"}
    uploads = []
    for _ in range(8):
        begun = await gateway.client.post("/api/videos/upload", headers=tus | {"Upload-Length": "9"})
        assert begun.status_code == 201
        uploads.append(begun.headers["location"])
    for _ in range(2):
        form = await gateway.client.post("/api/videos", headers=creator, files={"nothing": b""})
        assert form.status_code == 422
    for refused in (
        await gateway.client.post("/api/videos/upload", headers=tus | {"Upload-Length": "9"}),
        await gateway.client.post("/api/videos", headers=creator, files={"nothing": b""}),
    ):
        assert (refused.status_code, refused.headers["ratelimit-limit"]) == (429, "10")
        assert 3_500 <= int(refused.headers["retry-after"]) <= 3_600
    for upload in uploads:
        assert (await gateway.client.head(upload, headers=tus)).status_code == 200
    await gateway.limit("upload", 1_000)


async def test_the_sixth_quiz_of_an_hour_is_refused_by_whichever_way(gateway: Gateway) -> None:
    await gateway.client.delete("/api/admin/limits/quiz", headers=gateway.operator())
    headers, wish = gateway.creator(uuid4()), {"video_id": str(uuid4())}

    async def ask(key: str, path: str) -> httpx2.Response:
        body = wish if path == "/api/quizzes/generate" else wish | {"type": "quiz/requested"}
        return await gateway.client.post(path, headers=headers | {"Idempotency-Key": key}, json=body)

    for number, path in enumerate(["/api/quizzes/generate"] * 3 + ["/api/events"] * 2):
        assert (await ask(f"quiz-{number}", path)).status_code == 404
    for path in ("/api/quizzes/generate", "/api/events"):
        refused = await ask("sixth", path)
        assert (refused.status_code, refused.headers["ratelimit-limit"]) == (429, "5")
        assert 3_500 <= int(refused.headers["retry-after"]) <= 3_600
    await gateway.limit("quiz", 1_000)


async def test_who_is_refused_is_counted_by_address(gateway: Gateway) -> None:
    stranger = {"X-Creator-Id": str(uuid4())} | gateway.creator(uuid4())
    before = int((await _ask(gateway, {})).headers["ratelimit-remaining"])
    for status, headers in ((403, stranger), (401, {"Authorization": "Bearer guess"})):
        assert (await _ask(gateway, headers)).status_code == status
    forged = await gateway.client.post("/api/webhooks/whop", content=b"{}", headers={"X-Forwarded-For": "192.0.2.1"})
    assert forged.status_code == 401
    assert int(forged.headers["ratelimit-remaining"]) == before - 3


async def test_the_parts_of_an_upload_are_free_to_a_creator_alone(gateway: Gateway) -> None:
    path, tus = f"/api/videos/upload/{uuid4()}", {"Tus-Resumable": "1.0.0"}
    creator, student = uuid4(), gateway.student(uuid4())
    found = await gateway.client.head(path, headers=gateway.creator(creator) | tus)
    assert (found.status_code, "ratelimit-remaining" in found.headers) == (404, False)
    refused = await gateway.client.head(path, headers=student | tus)
    assert (refused.status_code, refused.headers["ratelimit-remaining"]) == (403, "99")


async def test_what_cannot_be_read_is_counted_by_address(gateway: Gateway) -> None:
    headers, path = gateway.creator(uuid4()), f"/api/videos/{uuid4()}"
    before = int((await _ask(gateway, {})).headers["ratelimit-remaining"])
    unreadable: list[tuple[int, str, dict[str, str], bytes]] = [
        (422, path + "/watch", {"Content-Type": "application/json"}, b"{"),
        (400, "/api/events", {"Content-Type": "application/json"}, b"\xff"),
        (422, path + "/watch", {"X-Creator-Id": "somebody"}, b"{}"),
    ]
    for count, (status, address, named, body) in enumerate(unreadable, 1):
        answer = await gateway.client.post(address, headers=headers | named, content=body)
        assert answer.status_code == status, answer.text
        assert int(answer.headers["ratelimit-remaining"]) == before - count
    await gateway.limit("api", 3, seconds=60)
    try:
        refused = [await gateway.client.post(path + "/watch", headers=headers, content=b"{") for _ in range(4)]
        assert [answer.status_code for answer in refused] == [422] * 3 + [429]
    finally:
        await gateway.client.delete("/api/admin/limits/api", headers=gateway.operator())


async def test_a_service_is_counted_by_the_creator_it_acts_for(gateway: Gateway) -> None:
    first, second = (
        gateway.headers(Caller(role=Role.CREATOR, subject="key-1", creator_id=uuid4(), is_service=True))
        for _ in range(2)
    )
    for _ in range(3):
        left = (await _ask(gateway, first)).headers["ratelimit-remaining"]
    assert left == "97"
    assert (await _ask(gateway, second)).headers["ratelimit-remaining"] == "99"


async def test_a_stranger_is_counted_by_address(gateway: Gateway) -> None:
    before = int((await _ask(gateway, {})).headers["ratelimit-remaining"])
    after = await _ask(gateway, {"Authorization": "Bearer guess"})
    assert after.status_code == 401
    assert int(after.headers["ratelimit-remaining"]) == before - 1


async def test_an_operator_changes_a_limit_while_it_runs_and_takes_it_back(gateway: Gateway) -> None:
    operator = gateway.operator()
    changed = await gateway.client.put(
        "/api/admin/limits/api", headers=operator, json={"requests": 7, "window_seconds": 30}
    )
    assert changed.json() == {"name": "api", "requests": 7, "window_seconds": 30, "is_changed": True}
    assert (await _ask(gateway, gateway.creator(uuid4()))).headers["ratelimit-limit"] == "7"
    await gateway.client.delete("/api/admin/limits/api", headers=operator)
    assert (await _ask(gateway, gateway.creator(uuid4()))).headers["ratelimit-limit"] == "100"
    unknown = await gateway.client.put(
        "/api/admin/limits/nothing", headers=operator, json={"requests": 7, "window_seconds": 30}
    )
    assert unknown.status_code == 404


async def test_only_an_operator_may_change_them(gateway: Gateway) -> None:
    creator = uuid4()
    for headers in (gateway.creator(creator), gateway.student(creator)):
        for method, path in (
            ("GET", "/api/admin/limits"),
            ("PUT", "/api/admin/limits/api"),
            ("DELETE", "/api/admin/limits/api"),
            ("GET", "/api/admin/creators"),
            ("GET", f"/api/admin/creators/{creator}"),
            ("PUT", f"/api/admin/creators/{creator}/settings"),
            ("DELETE", f"/api/admin/cache/{creator}/tags/x"),
            ("DELETE", f"/api/admin/cache/{creator}/video/x"),
        ):
            answer = await gateway.client.request(
                method, path, headers=headers, json={"requests": 1, "window_seconds": 1}
            )
            assert answer.status_code == 403, (method, path)


async def test_a_hundred_at_once_are_counted_each(gateway: Gateway) -> None:
    headers = gateway.creator(uuid4())
    answers = await asyncio.gather(*(_ask(gateway, headers) for _ in range(120)))
    assert sorted(answer.status_code for answer in answers) == [404] * 100 + [429] * 20
