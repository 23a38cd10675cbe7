"""Webhooks: believed by their signature alone, taken once, in whatever order they come."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from schemas.ids import student_id
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.providers.whop import signed
from tests.starters.api.whop import (
    NEW_SECRET,
    OLD_SECRET,
    WhopGateway,
    about,
    creator_of,
    outcome,
    whop_gateway,
)

pytestmark = pytest.mark.servers

NOW = datetime.now(UTC)


@pytest.fixture
def company() -> str:
    return f"biz_{uuid4().hex[:12]}"


def _body(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


async def _status(database: FreshDatabase, company: str) -> object:
    return await database.scalar("SELECT status FROM memberships WHERE creator_id = $1", creator_of(company))


async def _post(at_whop: WhopGateway, body: bytes, headers: dict[str, str]) -> httpx2.Response:
    return await at_whop.client.post("/api/webhooks/whop", content=body, headers=headers)


async def test_an_activation_makes_a_member_and_a_deactivation_ends_it(
    at_whop: WhopGateway, database: FreshDatabase, company: str
) -> None:
    end = datetime.now(UTC) + timedelta(days=30)
    first = about(company, "activated", "user_1", NOW, renewal_period_end=end.isoformat())
    answer = await at_whop.deliver(_body(first), "msg_1")
    assert (answer.status_code, answer.json()) == (200, {"id": "msg_1", "outcome": "applied"})
    async with database.app.as_student(creator_of(company), student_id(creator_of(company), "user_1")) as connection:
        assert await connection.fetchval("SELECT is_member()")
    last = about(company, "deactivated", "user_1", NOW + timedelta(seconds=1), status="canceled")
    assert (await at_whop.deliver(_body(last), "msg_2")).json()["outcome"] == "applied"
    assert await _status(database, company) == "cancelled"


async def test_both_of_whops_shapes_are_understood(at_whop: WhopGateway, database: FreshDatabase, company: str) -> None:
    event = {
        "type": "membership.activated", "timestamp": NOW.isoformat(), "account_id": company,
        "data": {"id": "mem_1", "status": "active", "user_id": "user_1", "current_period_end": "2126-01-01T00:00:00Z"},
    }  # fmt: skip
    assert (await at_whop.deliver(_body(event), "msg_1")).json()["outcome"] == "applied"
    year = "SELECT extract(year FROM valid_until)::int FROM memberships WHERE creator_id = $1"
    assert await database.scalar(year, creator_of(company)) == 2126


@pytest.mark.parametrize("secret", [OLD_SECRET, NEW_SECRET])
async def test_every_secret_of_the_rotation_is_good(at_whop: WhopGateway, company: str, secret: str) -> None:
    event = about(company, "activated", "user_1")
    assert (await at_whop.deliver(_body(event), "msg_1", secret)).status_code == 200


@pytest.mark.parametrize("seconds", [-240, 240])
async def test_a_delivery_may_be_some_minutes_off(at_whop: WhopGateway, company: str, seconds: int) -> None:
    event = about(company, "activated", "user_1")
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    assert (await at_whop.deliver(_body(event), "msg_1", at=at)).status_code == 200


async def test_a_signature_that_is_not_good_is_refused_counted_and_told(
    at_whop: WhopGateway, database: FreshDatabase, company: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = _body(about(company, "activated", "user_1"))
    good = signed(body, NEW_SECRET, "msg_1")
    value = good["webhook-signature"].removeprefix("v1,")
    old, new = (signed(body, NEW_SECRET, "msg_1", datetime.now(UTC) + timedelta(seconds=s)) for s in (-330, 330))
    forged = [
        signed(body, "ws_mine", "msg_1"),
        old,
        new,
        good | {"webhook-id": "msg_2"},
        good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)},
        *({name: given for name, given in good.items() if name != missing} for missing in good if "webhook" in missing),
        *(
            good | {"webhook-signature": changed}
            for changed in (
                "",
                "v1",
                "v1,",
                "v1,,",
                value,
                f"v2,{value}",
                f"v1a,{value}",
                "v1,é",
                f"v1,{value[:-4]}AAA=",
            )
        ),
        *(good | {"webhook-timestamp": changed} for changed in ("", "now", "nan", "inf", "-1", "1e400", "9" * 40)),
    ]
    before = await _refused(at_whop)
    with caplog.at_level(logging.WARNING, "starters.api.webhooks"):
        for headers in forged:
            sent = [(name.encode(), text.encode()) for name, text in headers.items()]
            answer = await at_whop.client.post("/api/webhooks/whop", content=body, headers=sent)
            assert outcome(answer) == (401, "signature_refused"), headers
    assert await _refused(at_whop) == before + len(forged)
    told = [record for record in caplog.records if "refused a webhook" in record.message]
    assert len(told) == len(forged)
    assert not any("user_1" in record.getMessage() for record in told)
    assert await database.scalar("SELECT count(*) FROM creators WHERE creator_id = $1", creator_of(company)) == 0


async def test_one_changed_byte_is_refused(at_whop: WhopGateway, company: str) -> None:
    body = _body(about(company, "deactivated", "user_1"))
    headers = signed(body, NEW_SECRET, "msg_1")
    for changed in (
        body + b" ",
        body[:-1],
        body.replace(b"user_1", b"user_2"),
        b"",
        b"\xff" + body,
        body.replace(b": ", b":"),
    ):
        assert outcome(await _post(at_whop, changed, headers)) == (401, "signature_refused")
    assert (await _post(at_whop, body, headers)).status_code == 200


async def test_one_good_signature_among_others_is_enough(at_whop: WhopGateway, company: str) -> None:
    body = _body(about(company, "activated", "user_1"))
    headers = signed(body, NEW_SECRET, "msg_1")
    other = f"v1,{base64.b64encode(bytes(32)).decode()}"
    headers["webhook-signature"] = f"v2,abc {other} {headers['webhook-signature']}"
    assert (await _post(at_whop, body, headers)).status_code == 200


@pytest.mark.parametrize("secrets", [(), ("",)])
async def test_without_a_secret_every_webhook_is_refused(
    servers: Servers, database: FreshDatabase, tmp_path: Path, company: str, secrets: tuple[str, ...]
) -> None:
    hidden = tuple(SecretStr(secret) for secret in secrets)
    async with whop_gateway(servers, database, tmp_path, whop_webhook_secrets=hidden) as there:
        body = _body(about(company, "activated", "user_1"))
        for secret in (" ", NEW_SECRET):
            assert outcome(await there.deliver(body, "msg_1", secret)) == (401, "signature_refused")
        unkeyed = signed(body, "x", "msg_1") | {"webhook-signature": _unkeyed(body, "msg_1")}
        assert outcome(await _post(there, body, unkeyed)) == (401, "signature_refused")


def _unkeyed(body: bytes, webhook_id: str) -> str:
    """Signed with the empty key, as whoever guesses that none is set would."""
    said = f"{webhook_id}.{int(datetime.now(UTC).timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(b"", said, hashlib.sha256).digest()).decode()


async def test_the_same_id_a_hundred_times_at_once_is_one_event_and_one_answer(
    at_whop: WhopGateway, database: FreshDatabase, company: str
) -> None:
    body = _body(about(company, "activated", "user_1"))
    answers = await asyncio.gather(*(at_whop.deliver(body, "msg_1") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {'{"id":"msg_1","outcome":"applied"}'}
    assert await database.scalar("SELECT count(*) FROM webhook_events WHERE creator_id = $1", creator_of(company)) == 1


async def test_a_replay_does_not_bring_back_what_ended(
    at_whop: WhopGateway, database: FreshDatabase, company: str
) -> None:
    body = _body(about(company, "activated", "user_1", NOW - timedelta(minutes=2)))
    recorded = signed(body, NEW_SECRET, "msg_1")
    await _post(at_whop, body, recorded)
    await at_whop.deliver(_body(about(company, "deactivated", "user_1", NOW)), "msg_2")
    assert (await _post(at_whop, body, recorded)).json()["outcome"] == "applied"  # the first answer
    assert (await at_whop.deliver(body, "msg_3")).json()["outcome"] == "outdated"  # sent anew
    assert await _status(database, company) == "expired"


async def test_an_older_event_that_comes_later_changes_nothing(
    at_whop: WhopGateway, database: FreshDatabase, company: str
) -> None:
    ended = _body(about(company, "deactivated", "user_1", NOW, status="canceled"))
    began = _body(about(company, "activated", "user_1", NOW - timedelta(minutes=1)))
    assert (await at_whop.deliver(ended, "msg_2")).json()["outcome"] == "applied"
    assert (await at_whop.deliver(began, "msg_1")).json()["outcome"] == "outdated"
    assert await _status(database, company) == "cancelled"


async def test_an_event_that_nothing_depends_on_is_recorded(
    at_whop: WhopGateway, database: FreshDatabase, company: str
) -> None:
    others: list[dict[str, object]] = [
        {"type": "payment.succeeded", "data": {"id": "pay_1"}},
        {"type": "never.heard_of", "data": 7},
        {"type": "a"},
    ]
    for number, said in enumerate(others):
        event = {"timestamp": NOW.isoformat(), "company_id": company, **said}
        answer = await at_whop.deliver(_body(event), f"msg_{number}")
        assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded")
    types = await database.rows(
        "SELECT type FROM webhook_events WHERE creator_id = $1 ORDER BY id", creator_of(company)
    )
    assert [row["type"] for row in types] == [said["type"] for said in others]


async def test_an_event_of_no_company_or_no_user_is_taken_and_changes_nothing(
    at_whop: WhopGateway, database: FreshDatabase, company: str
) -> None:
    nobody = about(company, "activated", "user_1")
    nobody["data"]["user"] = None
    assert (await at_whop.deliver(_body(nobody), "msg_1")).json()["outcome"] == "recorded"
    nowhere = about(company, "activated", "user_1") | {"company_id": None}
    assert (await at_whop.deliver(_body(nowhere), "msg_1")).json()["outcome"] == "ignored"
    assert await _status(database, company) is None


async def test_the_same_id_of_two_companies_is_two_events(at_whop: WhopGateway, database: FreshDatabase) -> None:
    for company in ("biz_left", "biz_right"):
        answer = await at_whop.deliver(_body(about(company, "activated", "user_1")), "msg_same")
        assert answer.json()["outcome"] == "applied"
        assert await _status(database, company) == "active"


async def test_no_name_and_no_address_of_a_person_is_kept(
    at_whop: WhopGateway, database: FreshDatabase, company: str
) -> None:
    await at_whop.deliver(_body(about(company, "activated", "user_1")), "msg_1")
    for table in ("webhook_events", "memberships", "students", "creators"):
        kept = await database.rows(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
        assert kept
        assert not any("example.com" in row["row"] for row in kept)


@pytest.mark.parametrize(
    "change",
    [
        {"type": None},
        {"type": "membership.\u0000"},
        {"timestamp": "yesterday"},
        {"timestamp": "2026-01-01T00:00:00"},
        {"timestamp": (NOW + timedelta(days=2)).isoformat()},
        {"company_id": "biz_\u0000"},
        {"company_id": {"a": 1}},
        {"data": None},
        {"data": {"id": "mem_1", "user": {"id": "user\u0000"}}},
        {"data": {"id": "m" * 200, "user": {"id": "user_1"}}},
        {"data": {"id": "mem_1", "user": {"id": "user_1"}, "renewal_period_end": "never"}},
    ],
)
async def test_a_signed_webhook_that_cannot_be_read_names_the_field_and_not_its_value(
    at_whop: WhopGateway, company: str, change: dict[str, Any]
) -> None:
    event = about(company, "activated", "user_1") | change
    answer = await at_whop.deliver(_body(event), "msg_1")
    assert outcome(answer) == (422, "event_invalid")
    assert "example.com" not in answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b'"text"', b"{", b"[" * 900])
async def test_a_signed_body_that_is_no_object_is_told_so(at_whop: WhopGateway, body: bytes) -> None:
    assert outcome(await at_whop.deliver(body, "msg_1")) == (422, "event_invalid")


async def test_an_id_that_is_too_long_is_refused(at_whop: WhopGateway, company: str) -> None:
    body = _body(about(company, "activated", "user_1"))
    assert outcome(await at_whop.deliver(body, "m" * 256)) == (422, "event_invalid")


async def test_a_body_over_the_limit_is_not_read(at_whop: WhopGateway) -> None:
    body = b'"' + b"x" * 1_100_000 + b'"'
    assert (await at_whop.deliver(body, "msg_1")).status_code == 413

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    headers = signed(body, NEW_SECRET, "msg_1")
    answer = await at_whop.client.post("/api/webhooks/whop", content=in_pieces(), headers=headers)
    assert outcome(answer) == (413, "request_too_large")


async def _refused(at_whop: WhopGateway) -> float:
    counted = (await at_whop.client.get("/metrics")).text
    lines = [
        line
        for line in counted.splitlines()
        if line.startswith('mentora_webhook_signature_failures_total{sender="whop"}')
    ]
    return float(lines[0].split()[-1]) if lines else 0.0
