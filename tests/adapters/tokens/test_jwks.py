"""Published keys: rotated, missing, damaged, and away."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from joserfc.jwk import OctKey

from adapters.tokens.jwks import RemoteKeys
from adapters.tokens.verifying import VerifyingKey
from schemas.errors import WhopUnavailable
from tests.providers.whop import BROKEN, JWKS, NEVER, OVERLOADED, RESET, FakeWhop, signing_key
from tests.providers.wire import Reply


@pytest.fixture
async def whop() -> AsyncIterator[FakeWhop]:
    async with FakeWhop() as whop:
        yield whop


async def test_a_hundred_who_ask_at_once_fetch_once(whop: FakeWhop) -> None:
    keys = RemoteKeys(whop.jwks_url)
    found = await asyncio.gather(*(keys.find("first") for _ in range(100)))
    assert all(key is not None and key.kid == "first" for key in found)
    assert whop.asked(JWKS) == 1


async def test_a_new_key_is_found_and_one_that_is_gone_is_not(whop: FakeWhop) -> None:
    keys = RemoteKeys(whop.jwks_url, cooldown_seconds=0)
    assert await keys.find("first")
    whop.published = [signing_key("second")]
    assert await keys.find("second")
    assert await keys.find("first") is None


async def test_unknown_keys_are_looked_for_once_in_the_cooldown(whop: FakeWhop) -> None:
    keys = RemoteKeys(whop.jwks_url, cooldown_seconds=0.2)
    assert await keys.find("first")
    found = await asyncio.gather(*(keys.find(f"made-up-{n}") for n in range(100)))
    assert set(found) == {None}
    assert whop.asked(JWKS) == 1
    await asyncio.sleep(0.25)
    assert await keys.find("made-up") is None
    assert await keys.find("made-up-again") is None
    assert whop.asked(JWKS) == 2


@pytest.mark.parametrize("reply", [RESET, BROKEN, OVERLOADED, Reply(302, b"", {"location": "/elsewhere"})])
async def test_keys_that_were_read_stay_good_while_their_server_misbehaves(whop: FakeWhop, reply: Reply) -> None:
    keys = RemoteKeys(whop.jwks_url, cooldown_seconds=0)
    assert await keys.find("first")
    whop.misbehave(JWKS, reply)
    assert await keys.find("second") is None
    assert await keys.find("first")
    assert whop.asked("/elsewhere") == 0


@pytest.mark.parametrize("reply", [RESET, BROKEN, OVERLOADED])
async def test_without_any_key_nobody_is_refused_for_it_and_the_next_fetch_waits(whop: FakeWhop, reply: Reply) -> None:
    keys = RemoteKeys(whop.jwks_url, cooldown_seconds=0.2)
    whop.misbehave(JWKS, reply)
    for _ in range(2):
        with pytest.raises(WhopUnavailable) as away:
            await keys.find("first")
        assert away.value.retry_after == 0.2
    assert whop.asked(JWKS) == 1
    await asyncio.sleep(0.25)
    assert await keys.find("first")


async def test_a_server_that_never_answers_is_not_waited_for(whop: FakeWhop) -> None:
    whop.misbehave(JWKS, NEVER)
    with pytest.raises(WhopUnavailable):
        await RemoteKeys(whop.jwks_url, timeout_seconds=0.2).find("first")


async def test_an_old_set_is_read_again_and_meanwhile_nobody_waits(whop: FakeWhop) -> None:
    keys = RemoteKeys(whop.jwks_url, cooldown_seconds=0, max_age_seconds=0)
    assert await keys.find("first")
    whop.misbehave(JWKS, RESET)
    assert await keys.find("first")
    assert await keys.find("first")
    assert whop.asked(JWKS) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"crv": "P-384"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kid": ""},
        {"x": "AAAA"},
        {"y": 1},
    ],
)
async def test_a_published_key_that_cannot_have_signed_is_passed_over(
    whop: FakeWhop, change: dict[str, object]
) -> None:
    good, other = (key.as_dict(private=False) for key in (whop.published[0], signing_key("other")))
    whop.misbehave(JWKS, Reply(200, json.dumps({"keys": [{**other, **change}, good]}).encode()))
    keys = RemoteKeys(whop.jwks_url)
    assert await keys.find("first")
    assert await keys.find("other") is None


async def test_a_set_without_a_key_that_fits_changes_nothing(whop: FakeWhop) -> None:
    keys = RemoteKeys(whop.jwks_url, cooldown_seconds=0)
    assert await keys.find("first")
    secret = OctKey.import_key("secret" * 4, {"kid": "secret"}).as_dict(private=True)
    too_large = {"keys": [signing_key("x" * 200_000).as_dict(private=False)]}
    bodies: list[object] = [{"keys": []}, {"keys": [secret]}, {"keys": 1}, {}, [], too_large]
    for body in bodies:
        whop.misbehave(JWKS, Reply(200, json.dumps(body).encode()))
        assert await keys.find("second") is None
        before = whop.asked(JWKS)
        assert isinstance(await keys.find("first"), VerifyingKey)
        assert whop.asked(JWKS) == before
