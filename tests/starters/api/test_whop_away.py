"""While Whop cannot be asked: who is still let in, as what, and for how long."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.providers.whop import JWKS, NEVER, OVERLOADED, RESET
from tests.providers.wire import Reply
from tests.starters.api.whop import ACCESS, WhopGateway, about, aged, body_of, creator_of, outcome, whop_gateway

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(loop_scope="session")
async def there(servers: Servers, database: FreshDatabase, tmp_path: Path) -> AsyncIterator[WhopGateway]:
    """One for each test: for ten seconds it remembers that Whop was away."""
    async with whop_gateway(servers, database, tmp_path) as there:
        yield there


@pytest.mark.parametrize(
    "reply", [RESET, OVERLOADED, Reply(200, b"<html>"), Reply(200, b"[]"), Reply(429, b"{}"), Reply(401, b"{}")]
)
async def test_while_whop_cannot_be_asked_a_known_member_is_let_in_for_a_day(
    there: WhopGateway, database: FreshDatabase, company: str, reply: Reply
) -> None:
    there.whop.grant("user_ada", company, "customer")
    await there.sign_in("user_ada", company)
    there.whop.misbehave(ACCESS, reply, 100)
    await aged(database, creator_of(company), 23 * 60)
    assert (await there.sign_in("user_ada", company)).json()["role"] == "student"
    await aged(database, creator_of(company), 2 * 60)
    late = await there.sign_in("user_ada", company)
    assert late.status_code in (502, 503)


@pytest.mark.parametrize("path", [JWKS, ACCESS])
async def test_while_whop_is_away_a_stranger_is_told_to_come_back_and_not_refused(
    there: WhopGateway, company: str, path: str
) -> None:
    there.whop.grant("user_ada", company, "customer")
    there.whop.misbehave(path, OVERLOADED)
    for _ in range(3):
        answer = await there.sign_in("user_ada", company)
        assert outcome(answer) == (503, "whop_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert there.whop.asked(path) == 1  # the others did not wait for the same


async def test_whop_that_says_nothing_is_not_waited_for(there: WhopGateway, company: str) -> None:
    there.whop.misbehave(ACCESS, NEVER)
    began = time.monotonic()
    assert outcome(await there.sign_in("user_ada", company)) == (503, "whop_unavailable")
    assert time.monotonic() - began < 5


async def test_while_whop_is_away_whose_membership_ended_is_not_let_in(there: WhopGateway, company: str) -> None:
    there.whop.grant("user_ada", company, "customer")
    await there.sign_in("user_ada", company)
    await there.deliver(body_of(about(company, "deactivated", "user_ada")), "msg_ended")
    there.whop.misbehave(ACCESS, RESET)
    assert outcome(await there.sign_in("user_ada", company)) == (503, "whop_unavailable")


async def test_while_whop_is_away_a_membership_that_it_signed_for_is_enough(there: WhopGateway, company: str) -> None:
    await there.deliver(body_of(about(company, "activated", "user_ada")), "msg_new")
    there.whop.misbehave(ACCESS, RESET)
    assert (await there.sign_in("user_ada", company)).json()["role"] == "student"


async def test_while_whop_is_away_who_was_on_the_team_is_no_creator_by_a_students_membership(
    there: WhopGateway, database: FreshDatabase, company: str
) -> None:
    there.whop.grant("user_eve", company, "admin")
    assert (await there.sign_in("user_eve", company)).json()["role"] == "creator"
    there.whop.misbehave(ACCESS, Reply(401, b"{}"), 100)
    await aged(database, creator_of(company), 23 * 60)
    assert (await there.sign_in("user_eve", company)).json()["role"] == "creator"
    await aged(database, creator_of(company), 2 * 60)
    await there.deliver(body_of(about(company, "activated", "user_eve")), "msg_bought")
    said = (await there.sign_in("user_eve", company)).json()
    assert (said["role"], said["membership"]["id"]) == ("student", "mem_1")
    path = f"/api/videos/{uuid4()}"
    refused = await there.client.delete(path, headers=there.person("user_eve", creator_of(company)))
    assert "as a student" in refused.json()["detail"]
    await aged(database, creator_of(company), 25 * 60)
    assert outcome(await there.sign_in("user_eve", company)) == (502, "provider_refused")
