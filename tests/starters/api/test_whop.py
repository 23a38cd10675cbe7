"""People who come from Whop: signing in, being let in, and what happens while Whop is away."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from schemas.ids import student_id
from tests.conftest import Servers
from tests.databases import FreshDatabase, queued_video
from tests.providers.whop import JWKS, NEVER, OVERLOADED, RESET
from tests.providers.wire import Reply
from tests.starters.api.whop import WhopGateway, about, creator_of, outcome, whop_gateway

pytestmark = pytest.mark.servers

ACCESS = "/api/v1/users/"


@pytest.fixture(autouse=True)
def _right_again(at_whop: WhopGateway) -> Iterator[None]:
    yield
    at_whop.whop.behave()


@pytest.fixture
def company(at_whop: WhopGateway) -> str:
    """A company of this test's own, with an owner and a customer."""
    name = f"biz_{uuid4().hex[:12]}"
    at_whop.whop.grant("user_owner", name, "admin")
    at_whop.whop.grant("user_ada", name, "customer")
    return name


async def _age(database: FreshDatabase, creator: UUID, minutes: int) -> None:
    """As if everything had been said so much earlier."""
    await database.scalar(
        "UPDATE access_checks SET checked_at = checked_at - make_interval(mins => $2) WHERE creator_id = $1",
        creator, minutes,
    )  # fmt: skip
    await database.scalar(
        "UPDATE memberships SET changed_at = changed_at - make_interval(mins => $2) WHERE creator_id = $1",
        creator, minutes,
    )  # fmt: skip


async def test_a_customer_signs_in_as_a_student(at_whop: WhopGateway, company: str) -> None:
    answer = await at_whop.sign_in("user_ada", company)
    said = answer.json()
    assert (said["role"], said["creator_id"]) == ("student", str(creator_of(company)))
    assert said["student_id"] == str(student_id(creator_of(company), "user_ada"))
    assert said["membership"] is None
    left = datetime.fromisoformat(said["expires"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left < timedelta(minutes=11)


async def test_who_owns_the_company_signs_in_as_its_creator(
    at_whop: WhopGateway, company: str, database: FreshDatabase
) -> None:
    said = (await at_whop.sign_in("user_owner", company)).json()
    assert (said["role"], said["student_id"], said["membership"]) == ("creator", None, None)
    video = await queued_video(database.app, creator_of(company))
    mine = await at_whop.client.get(
        f"/api/videos/{video.video_id}", headers=at_whop.person("user_owner", creator_of(company))
    )
    assert mine.json()["id"] == str(video.video_id)
    assert await database.scalar("SELECT count(*) FROM students WHERE creator_id = $1", creator_of(company)) == 0


async def test_a_membership_that_a_webhook_told_of_is_shown(at_whop: WhopGateway, company: str) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    event = about(company, "activated", "user_ada", membership="mem_shown", renewal_period_end=end.isoformat())
    await at_whop.deliver(_body(event), "msg_shown")
    said = (await at_whop.sign_in("user_ada", company)).json()
    assert said["membership"]["id"] == "mem_shown"
    assert datetime.fromisoformat(said["membership"]["valid_until"]) == end


async def test_a_user_without_access_is_refused_and_leaves_no_student(
    at_whop: WhopGateway, company: str, database: FreshDatabase
) -> None:
    await at_whop.sign_in("user_owner", company)
    for _ in range(3):
        assert outcome(await at_whop.sign_in("user_eve", company)) == (403, "forbidden")
    assert at_whop.whop.asked(f"{ACCESS}user_eve/access/{company}") == 1
    count = "SELECT count(*) FROM students WHERE creator_id = $1"
    assert await database.scalar(count, creator_of(company)) == 0


async def test_a_company_without_our_app_is_nobody_here(at_whop: WhopGateway, database: FreshDatabase) -> None:
    name = f"biz_{uuid4().hex[:12]}"
    assert outcome(await at_whop.sign_in("user_ada", name)) == (403, "forbidden")
    assert await database.scalar("SELECT count(*) FROM creators WHERE creator_id = $1", creator_of(name)) == 0


async def test_a_yes_that_says_no_is_a_no(at_whop: WhopGateway, company: str) -> None:
    for body in (
        b'{"access_level": "customer", "has_access": false}',
        b'{"access_level": "no_access", "has_access": true}',
        b'{"access_level": "superuser", "has_access": true}',
    ):
        at_whop.whop.misbehave(ACCESS, Reply(200, body))
        assert outcome(await at_whop.sign_in(f"user_{len(body)}", company)) == (403, "forbidden")


@pytest.mark.parametrize("company_id", ["", "me", "biz_", "biz_a/../b", "biz_\u0000", "biz_" + "a" * 65, 7, None])
async def test_only_a_company_of_whops_is_asked_about(at_whop: WhopGateway, company_id: object) -> None:
    shown = {"X-Whop-User-Token": at_whop.whop.token("user_ada")}
    before = at_whop.whop.asked(ACCESS)
    answer = await at_whop.client.post("/api/whop/auth", json={"company_id": company_id}, headers=shown)
    assert outcome(answer) == (422, "request_invalid")
    assert at_whop.whop.asked(ACCESS) == before


async def test_signing_in_takes_a_whop_token_and_nothing_else(at_whop: WhopGateway, company: str) -> None:
    other = at_whop.gateway.creator(creator_of(company))
    token = at_whop.whop.token("user_ada")
    for shown in ({}, other, {"X-Whop-User-Token": ""}, {"X-Whop-User-Token": token, **other},
                  {"Authorization": f"Bearer {token}"}, {"Cookie": f"whop_user_token={token}"},
                  {"X-Whop-User-Token": at_whop.whop.token("user_ada", aud="app_other")},
                  {"X-Whop-User-Token": "x" * 30_000}):  # fmt: skip
        answer = await at_whop.client.post("/api/whop/auth", json={"company_id": company}, headers=shown)
        assert outcome(answer) == (401, "unauthenticated"), shown


async def test_a_student_is_one_on_every_route_and_of_one_creator(
    at_whop: WhopGateway, company: str, database: FreshDatabase
) -> None:
    await at_whop.sign_in("user_ada", company)
    path = f"/api/videos/{uuid4()}"
    there = await at_whop.client.delete(path, headers=at_whop.person("user_ada", creator_of(company)))
    assert "as a student" in there.json()["detail"]
    other = (await queued_video(database.app)).creator_id
    elsewhere = await at_whop.client.get(path, headers=at_whop.person("user_ada", other))
    assert outcome(elsewhere) == (403, "forbidden")
    assert "begin with" in elsewhere.json()["detail"]


async def test_a_whop_token_goes_with_a_creators_id(at_whop: WhopGateway, company: str) -> None:
    person = at_whop.person("user_owner", creator_of(company))
    for named in (None, "", "not-an-id", "biz_1"):
        headers = {name: value for name, value in {**person, "X-Creator-Id": named}.items() if value is not None}
        answer = await at_whop.client.get(f"/api/videos/{uuid4()}", headers=headers)
        assert outcome(answer) == (422, "request_invalid")
        assert answer.json()["errors"][0]["field"] == "header.X-Creator-Id"


async def test_fifty_requests_of_one_user_at_once_ask_whop_once(at_whop: WhopGateway, company: str) -> None:
    answers = await asyncio.gather(*(at_whop.sign_in("user_ada", company) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert at_whop.whop.asked(f"{ACCESS}user_ada/access/{company}") == 1


async def test_the_sixth_sign_in_of_five_minutes_is_refused(at_whop: WhopGateway, company: str) -> None:
    at_whop.whop.grant("user_often", company, "customer")
    await at_whop.gateway.limit("auth", 5, 300)
    answers = [await at_whop.sign_in("user_often", company) for _ in range(6)]
    await at_whop.gateway.limit("auth", 1_000)
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 290 <= int(answers[-1].headers["retry-after"]) <= 300


async def test_an_answer_is_good_for_ten_minutes(at_whop: WhopGateway, company: str, database: FreshDatabase) -> None:
    await at_whop.sign_in("user_ada", company)
    at_whop.whop.grant("user_ada", company, "no_access")
    await _age(database, creator_of(company), 9)
    assert (await at_whop.sign_in("user_ada", company)).status_code == 200
    await _age(database, creator_of(company), 2)
    assert outcome(await at_whop.sign_in("user_ada", company)) == (403, "forbidden")


async def test_a_webhook_makes_an_answer_old_at_once(at_whop: WhopGateway, company: str) -> None:
    await at_whop.sign_in("user_ada", company)
    at_whop.whop.grant("user_ada", company, "no_access")
    await at_whop.deliver(_body(about(company, "deactivated", "user_ada")), "msg_ended")
    assert outcome(await at_whop.sign_in("user_ada", company)) == (403, "forbidden")
    at_whop.whop.grant("user_ada", company, "customer")
    await at_whop.deliver(_body(about(company, "activated", "user_ada")), "msg_again")
    assert (await at_whop.sign_in("user_ada", company)).status_code == 200


@pytest.mark.parametrize(
    "reply", [RESET, OVERLOADED, Reply(200, b"<html>"), Reply(200, b"[]"), Reply(429, b"{}"), Reply(401, b"{}")]
)
async def test_while_whop_cannot_be_asked_a_known_member_is_let_in_for_a_day(
    servers: Servers, database: FreshDatabase, tmp_path: Path, reply: Reply
) -> None:
    company = f"biz_{uuid4().hex[:12]}"
    async with whop_gateway(servers, database, tmp_path) as there:
        there.whop.grant("user_ada", company, "customer")
        await there.sign_in("user_ada", company)
        there.whop.misbehave(ACCESS, reply, 100)
        await _age(database, creator_of(company), 23 * 60)
        assert (await there.sign_in("user_ada", company)).json()["role"] == "student"
        await _age(database, creator_of(company), 2 * 60)
        late = await there.sign_in("user_ada", company)
        assert late.status_code in (502, 503)


@pytest.mark.parametrize("path", [JWKS, ACCESS])
async def test_while_whop_is_away_a_stranger_is_told_to_come_back_and_not_refused(
    servers: Servers, database: FreshDatabase, tmp_path: Path, path: str
) -> None:
    company = f"biz_{uuid4().hex[:12]}"
    async with whop_gateway(servers, database, tmp_path) as there:
        there.whop.grant("user_ada", company, "customer")
        there.whop.misbehave(path, OVERLOADED)
        for _ in range(3):
            answer = await there.sign_in("user_ada", company)
            assert outcome(answer) == (503, "whop_unavailable")
            assert int(answer.headers["retry-after"]) > 0
        assert there.whop.asked(path) == 1  # the others did not wait for the same


async def test_whop_that_says_nothing_is_not_waited_for(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    company = f"biz_{uuid4().hex[:12]}"
    async with whop_gateway(servers, database, tmp_path) as there:
        there.whop.misbehave(ACCESS, NEVER)
        began = time.monotonic()
        assert outcome(await there.sign_in("user_ada", company)) == (503, "whop_unavailable")
        assert time.monotonic() - began < 5


async def test_while_whop_is_away_whose_membership_ended_is_not_let_in(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    company = f"biz_{uuid4().hex[:12]}"
    async with whop_gateway(servers, database, tmp_path) as there:
        there.whop.grant("user_ada", company, "customer")
        await there.sign_in("user_ada", company)
        await there.deliver(_body(about(company, "deactivated", "user_ada")), "msg_ended")
        there.whop.misbehave(ACCESS, RESET)
        assert outcome(await there.sign_in("user_ada", company)) == (503, "whop_unavailable")


async def test_while_whop_is_away_a_membership_that_it_signed_for_is_enough(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    company = f"biz_{uuid4().hex[:12]}"
    async with whop_gateway(servers, database, tmp_path) as there:
        await there.deliver(_body(about(company, "activated", "user_ada")), "msg_new")
        there.whop.misbehave(ACCESS, RESET)
        assert (await there.sign_in("user_ada", company)).json()["role"] == "student"


async def test_our_key_and_the_token_are_in_no_answer(at_whop: WhopGateway, company: str) -> None:
    at_whop.whop.misbehave(ACCESS, Reply(401, b'{"error": "bad key whop-api-key-secret"}'))
    answer = await at_whop.sign_in("user_ada", company)
    assert outcome(answer) == (502, "provider_refused")
    assert "secret" not in answer.text
    assert "user_ada" not in answer.text


async def test_without_an_app_whop_tokens_are_no_credential(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    async with whop_gateway(servers, database, tmp_path, whop_app_id="") as there:
        for app in ("", "app_mentora"):
            shown = {"X-Whop-User-Token": there.whop.token("user_ada", aud=app)}
            answer = await there.client.get(f"/api/videos/{uuid4()}", headers={**shown, "X-Creator-Id": str(uuid4())})
            assert outcome(answer) == (401, "unauthenticated")
            answer = await there.client.post("/api/whop/auth", json={"company_id": "biz_1"}, headers=shown)
            assert outcome(answer) == (401, "unauthenticated")
        assert there.whop.asked("/") == 0


async def test_whop_being_away_makes_nobody_unready(servers: Servers, database: FreshDatabase, tmp_path: Path) -> None:
    async with whop_gateway(servers, database, tmp_path, whop_base_url="http://127.0.0.1:9/api/v1") as there:
        ready = (await there.client.get("/readyz")).json()
        assert (ready["dependencies"]["postgres"], "whop" in ready["dependencies"]) == ("ready", False)


def _body(event: dict[str, object]) -> bytes:
    return json.dumps(event).encode()
