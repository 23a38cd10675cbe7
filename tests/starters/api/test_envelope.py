"""What wraps every answer: the request id, problem documents, safe headers, who asks."""

import asyncio
import json
import re
from uuid import uuid4

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.types import Message

from adapters.tokens.development import ISSUER
from schemas.callers import Caller, Role
from starters.api.envelope import Envelope
from tests.databases import FreshDatabase, queued_video
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers


def _is_problem(answer: httpx2.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["code"] == code
    assert said["type"] == f"urn:mentora:error:{code}"
    assert said["status"] == status
    assert said["cure"]
    assert said["request_id"] == answer.headers["x-request-id"]


async def test_a_good_request_id_is_kept_and_another_is_replaced(gateway: Gateway) -> None:
    kept = await gateway.client.get("/healthz", headers={"X-Request-Id": "from-the-platform-1"})
    assert kept.headers["x-request-id"] == "from-the-platform-1"
    for bad in ("short", "a b c d e f g h", "x" * 65, "new%0aline-in-it"):
        made = await gateway.client.get("/healthz", headers={"X-Request-Id": bad})
        assert made.headers["x-request-id"] != bad
        assert len(made.headers["x-request-id"]) == 32


async def test_every_answer_carries_safe_headers(gateway: Gateway) -> None:
    for path in ("/healthz", "/nowhere", f"/api/videos/{uuid4()}"):
        headers = (await gateway.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


async def test_what_cannot_be_routed_or_read_is_a_problem_document(gateway: Gateway) -> None:
    _is_problem(await gateway.client.get("/nowhere"), 404, "not_found")
    _is_problem(await gateway.client.post("/healthz"), 405, "request_invalid")
    other = await gateway.client.post("/api/admin/limits/api")
    assert other.headers["allow"] == "DELETE, PUT"
    answer = await gateway.client.get("/api/videos/not-an-id", headers=gateway.creator(uuid4()))
    _is_problem(answer, 422, "request_invalid")
    assert answer.json()["errors"][0]["field"] == "path.video_id"


async def test_a_stranger_is_refused_whatever_the_credential_looks_like(gateway: Gateway) -> None:
    caller = Caller(role=Role.CREATOR, subject="mallory", creator_id=uuid4())
    theirs = ECKey.generate_key("P-256", private=True)
    claims = {"iss": ISSUER, "aud": "mentora", "exp": 4_000_000_000, "caller": caller.model_dump(mode="json")}
    forged = jwt.encode({"alg": "ES256"}, claims, theirs)
    expired = gateway.headers(caller, seconds=-1)["Authorization"]
    unsigned = "Bearer eyJhbGciOiJub25lIn0.e30."
    for shown in ({}, *({"Authorization": a} for a in ("", "Basic eDp5", f"Bearer {forged}", expired, unsigned))):
        answer = await gateway.client.get(f"/api/videos/{uuid4()}", headers=shown)
        _is_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_role_that_may_not_is_told_so(gateway: Gateway) -> None:
    answer = await gateway.client.get(f"/api/videos/{uuid4()}", headers=gateway.operator())
    _is_problem(answer, 403, "forbidden")


async def test_another_creators_video_is_not_found(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await queued_video(database.app, creator)
    mine = await gateway.client.get(f"/api/videos/{video.video_id}", headers=gateway.creator(creator))
    assert mine.json()["id"] == str(video.video_id)
    theirs = await gateway.client.get(f"/api/videos/{video.video_id}", headers=gateway.creator(uuid4()))
    _is_problem(theirs, 404, "video_not_found")


async def test_a_task_that_another_one_took_along_when_it_ended_is_a_bug_and_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def waits_for_another(*_: object) -> None:
        other = asyncio.create_task(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(other.cancel)
        await other

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b""}
    await Envelope(waits_for_another)(scope, receive, send)
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["code"] == "error"
    assert "a bug behind GET /x" in caplog.text


async def test_the_page_to_try_it_on_needs_nobody_elses_server(gateway: Gateway) -> None:
    page = await gateway.client.get("/docs")
    assert "//" not in page.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert (await gateway.client.get(f"/docs/{name}")).status_code == 200
    _is_problem(await gateway.client.get("/docs/other.js"), 404, "not_found")


async def test_readiness_names_what_it_depends_on_and_metrics_count_by_route(gateway: Gateway) -> None:
    ready = await gateway.client.get("/readyz")
    assert ready.json()["dependencies"]["postgres"] == "ready"
    await gateway.client.get(f"/api/videos/{uuid4()}", headers=gateway.creator(uuid4()))
    counted = (await gateway.client.get("/metrics")).text
    assert 'route="/api/videos/{video_id}",status="404"' in counted


async def test_an_answer_is_counted_with_its_statements(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await queued_video(database.app, creator)
    before = await _statements(gateway)
    await gateway.client.get(f"/api/videos/{video.video_id}", headers=gateway.creator(creator))
    assert await _statements(gateway) - before == 6  # begin as who asks, four questions, commit


async def _statements(gateway: Gateway) -> float:
    counted = (await gateway.client.get("/metrics")).text
    route = 'method="GET",route="/api/videos/{video_id}"'
    found = re.search(rf"mentora_http_request_statements_sum{{{re.escape(route)}}} (\S+)", counted)
    return float(found[1]) if found else 0
