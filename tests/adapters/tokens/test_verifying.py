"""A signature is verified once, and whatever else may change about a token is looked at each time."""

import asyncio
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey

from adapters.tokens.development import DevelopmentTokens
from adapters.tokens.jwks import RemoteKeys
from adapters.tokens.verifying import VerifyingKey
from adapters.tokens.whop import LEEWAY_SECONDS, WhopTokens
from schemas.callers import Caller, Role
from schemas.errors import Unauthenticated
from tests.providers.whop import APP, FakeWhop, signing_key

OPERATOR = Caller(role=Role.OPERATOR, subject="me")


def test_a_token_that_is_shown_again_is_not_verified_again() -> None:
    key = ECKey.generate_key("P-256", private=True)
    verifying = VerifyingKey(key)
    tokens = [jwt.encode({"alg": "ES256"}, {"sub": f"user-{n}"}, key) for n in range(2)]
    read = [verifying.verified(token).claims["sub"] for token in tokens * 5]
    assert read == ["user-0", "user-1"] * 5
    assert verifying._remembered.cache_info().misses == 2


def test_a_token_that_another_key_has_verified_is_unknown_to_this_one() -> None:
    key, other = (ECKey.generate_key("P-256", private=True) for _ in range(2))
    token = jwt.encode({"alg": "ES256"}, {"sub": "user"}, key)
    VerifyingKey(key).verified(token)
    for _ in range(2):
        with pytest.raises(BadSignatureError):
            VerifyingKey(other).verified(token)


async def test_a_development_token_ends_however_often_it_was_shown(tmp_path: Path) -> None:
    tokens = DevelopmentTokens(tmp_path / "key")
    token = tokens.issue(OPERATOR, 2)
    assert tokens.read(token) == tokens.read(token) == OPERATOR
    await asyncio.sleep(2.1)
    with pytest.raises(Unauthenticated):
        tokens.read(token)


async def test_a_whop_token_ends_however_often_it_was_shown() -> None:
    async with FakeWhop() as whop:
        tokens = WhopTokens(APP, RemoteKeys(whop.jwks_url))
        token = whop.token("user_1", exp=int(time.time()) - LEEWAY_SECONDS + 2)
        assert (await tokens.read(token)).user == (await tokens.read(token)).user == "user_1"
        await asyncio.sleep(2.1)
        with pytest.raises(Unauthenticated):
            await tokens.read(token)


async def test_what_a_key_has_verified_goes_with_it() -> None:
    async with FakeWhop() as whop:
        tokens = WhopTokens(APP, RemoteKeys(whop.jwks_url, cooldown_seconds=0, max_age_seconds=0))
        token = whop.token("user_1")
        assert (await tokens.read(token)).user == "user_1"
        whop.published = [signing_key("first")]
        with pytest.raises(Unauthenticated):
            await tokens.read(token)
