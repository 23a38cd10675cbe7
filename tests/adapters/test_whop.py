"""What Whop answers, at the wire: who it lets in, whom it refuses, and which answers keep everybody from asking."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from adapters.whop import Whop
from schemas.errors import Forbidden, MentoraError, ProviderRefused, WhopUnavailable
from schemas.memberships import Access
from tests.providers.whop import API_KEY, BROKEN, NEVER, OVERLOADED, RESET, FakeWhop
from tests.providers.wire import Reply

ASKED = "/api/v1/users/"
ODD = "biz_odd"


@pytest.fixture
async def fake() -> AsyncIterator[FakeWhop]:
    async with FakeWhop() as fake:
        fake.grant("user_owner", "biz_1", "admin")
        fake.grant("user_ada", "biz_1", "customer")
        yield fake


@pytest.fixture
async def whop(fake: FakeWhop) -> AsyncIterator[Whop]:
    whop = Whop(SecretStr(API_KEY), fake.base_url, timeout_seconds=1)
    yield whop
    await whop.close()


async def test_whop_tells_the_team_customers_and_others_apart(whop: Whop) -> None:
    said = [await whop.access(user, "biz_1") for user in ("user_owner", "user_ada", "user_eve")]
    assert said == [Access.CREATOR, Access.STUDENT, Access.NONE]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, b"{}"), Forbidden),
        (Reply(400, b"<html>"), Forbidden),
        (Reply(400, b"caf\xe9"), Forbidden),
        (Reply(422, b"[" * 100_000), Forbidden),
        (Reply(403, b"{}"), Forbidden),
        (Reply(404, b""), Forbidden),
        (Reply(401, b"{}"), ProviderRefused),
        (Reply(302, b"", {"Location": "/elsewhere"}), ProviderRefused),
        (Reply(409, b"{}"), ProviderRefused),
        (Reply(451, b"{}"), ProviderRefused),
    ],
)
async def test_an_odd_answer_about_one_company_keeps_nobody_from_asking_about_another(
    fake: FakeWhop, whop: Whop, reply: Reply, error: type[MentoraError]
) -> None:
    fake.misbehave(f"{ASKED}user_eve/access/{ODD}", reply)
    with pytest.raises(error):
        await whop.access("user_eve", ODD)
    assert await whop.access("user_ada", "biz_1") is Access.STUDENT


@pytest.mark.parametrize(
    "reply",
    [
        *(RESET, NEVER, OVERLOADED, BROKEN),
        *(Reply(200, body) for body in (b"[]", b"caf\xe9", b"[" * 100_000)),
        *(Reply(status, b"{}") for status in (408, 429, 500)),
    ],
)
async def test_whop_that_is_away_is_asked_by_nobody_for_a_while(fake: FakeWhop, whop: Whop, reply: Reply) -> None:
    fake.misbehave(ASKED, reply)
    for _ in range(3):
        with pytest.raises(WhopUnavailable):
            await whop.access("user_ada", "biz_1")
    assert fake.asked(ASKED) == 1
