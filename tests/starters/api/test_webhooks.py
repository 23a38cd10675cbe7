"""Webhooks: taken once, in whatever order they come."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from schemas.ids import student_id
from tests.databases import FreshDatabase
from tests.providers.whop import signed
from tests.starters.api.whop import (
    NEW_SECRET,
    WhopGateway,
    about,
    creator_of,
    outcome,
)

pytestmark = pytest.mark.servers

NOW = datetime.now(UTC)


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


async def test_a_time_that_utc_has_no_name_for_is_a_webhook_that_cannot_be_read(
    at_whop: WhopGateway, company: str
) -> None:
    event = about(company, "activated", "user_1", NOW, renewal_period_end="9999-12-31T23:59:59-14:00")
    answer = await at_whop.deliver(_body(event), "msg_1")
    assert (answer.status_code, answer.json()["code"]) == (422, "event_invalid")


async def test_both_of_whops_shapes_are_understood(at_whop: WhopGateway, database: FreshDatabase, company: str) -> None:
    event = {
        "type": "membership.activated", "timestamp": NOW.isoformat(), "account_id": company,
        "data": {"id": "mem_1", "status": "active", "user_id": "user_1", "current_period_end": "2126-01-01T00:00:00Z"},
    }  # fmt: skip
    assert (await at_whop.deliver(_body(event), "msg_1")).json()["outcome"] == "applied"
    year = "SELECT extract(year FROM valid_until)::int FROM memberships WHERE creator_id = $1"
    assert await database.scalar(year, creator_of(company)) == 2126


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
