"""People who come from Whop: signing in, and being let in."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from schemas.ids import student_id
from tests.conftest import Servers
from tests.databases import FreshDatabase, queued_video
from tests.providers.wire import Reply
from tests.starters.api.whop import ACCESS, WhopGateway, about, aged, body_of, creator_of, outcome, whop_gateway

pytestmark = pytest.mark.servers


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
    await at_whop.deliver(body_of(event), "msg_shown")
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
    await aged(database, creator_of(company), 9)
    assert (await at_whop.sign_in("user_ada", company)).status_code == 200
    await aged(database, creator_of(company), 2)
    assert outcome(await at_whop.sign_in("user_ada", company)) == (403, "forbidden")


async def test_a_webhook_makes_an_answer_old_at_once(at_whop: WhopGateway, company: str) -> None:
    await at_whop.sign_in("user_ada", company)
    at_whop.whop.grant("user_ada", company, "no_access")
    await at_whop.deliver(body_of(about(company, "deactivated", "user_ada")), "msg_ended")
    assert outcome(await at_whop.sign_in("user_ada", company)) == (403, "forbidden")
    at_whop.whop.grant("user_ada", company, "customer")
    await at_whop.deliver(body_of(about(company, "activated", "user_ada")), "msg_again")
    assert (await at_whop.sign_in("user_ada", company)).status_code == 200


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
