"""Whop user tokens, and every way in which one may be wrong."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from adapters.tokens.jwks import RemoteKeys
from adapters.tokens.whop import LEEWAY_SECONDS, MAX_LENGTH, WhopTokens
from schemas.errors import Unauthenticated
from tests.providers.whop import APP, JWKS, FakeWhop, signing_key
from tests.providers.wire import Reply


@dataclass(frozen=True)
class FromNow:
    """A time that is right when the test runs, however long before it was collected."""

    seconds: float


def _claims(said: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return {name: now + value.seconds if isinstance(value, FromNow) else value for name, value in said.items()}


@pytest.fixture(scope="module")
async def whop() -> AsyncIterator[FakeWhop]:
    async with FakeWhop() as whop:
        yield whop


@pytest.fixture
def tokens(whop: FakeWhop) -> WhopTokens:
    return WhopTokens(APP, RemoteKeys(whop.jwks_url))


async def test_a_good_token_names_its_user_and_its_end(whop: FakeWhop, tokens: WhopTokens) -> None:
    end = int(time.time()) + 100
    shown = await tokens.read(whop.token("user_1", exp=end))
    assert (shown.user, int(shown.expires.timestamp())) == ("user_1", end)


async def test_a_header_that_nobody_asked_for_does_not_matter(whop: FakeWhop, tokens: WhopTokens) -> None:
    assert (await tokens.read(whop.token("user_1", header={"x-new": 1}))).user == "user_1"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": FromNow(-LEEWAY_SECONDS - 5)},
        {"exp": "4000000000"},
        {"exp": float("nan")},
        {"exp": True},
        {"exp": 10**400},
        {"nbf": FromNow(LEEWAY_SECONDS + 60)},
        {"iat": FromNow(LEEWAY_SECONDS + 60)},
        {"iss": None},
        {"iss": "urn:whopcom:exp-proxy2"},
        {"iss": ["urn:whopcom:exp-proxy"]},
        {"aud": None},
        {"aud": "app_other"},
        {"aud": APP + "2"},
        {"aud": [APP]},
        {"aud": [APP, "app_other"]},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "user/../admin"},
        {"sub": "user_1\x00"},
        {"sub": "u" * 101},
    ],
)
async def test_a_claim_that_is_wrong_or_missing_is_refused(
    whop: FakeWhop, tokens: WhopTokens, claims: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        await tokens.read(whop.token("user_1", **_claims(claims)))


@pytest.mark.parametrize("claims", [{"exp": FromNow(-LEEWAY_SECONDS + 15)}, {"nbf": FromNow(15)}, {"iat": FromNow(15)}])
async def test_two_clocks_may_differ_a_little(whop: FakeWhop, tokens: WhopTokens, claims: dict[str, Any]) -> None:
    assert (await tokens.read(whop.token("user_1", **_claims(claims)))).user == "user_1"


@pytest.mark.parametrize(
    "header",
    [
        {"kid": None},
        {"kid": 1},
        {"kid": ""},
        {"kid": "second"},
        {"kid": "../../first"},
        {"kid": "first' OR '1'='1"},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"typ": "at+jwt"},
        {"typ": 1},
    ],
)
async def test_a_header_that_would_choose_another_key_or_meaning_is_refused(
    whop: FakeWhop, tokens: WhopTokens, header: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        await tokens.read(_by_hand(whop, header))


async def test_a_token_that_names_no_key_is_refused_without_asking_for_one(whop: FakeWhop, tokens: WhopTokens) -> None:
    before = whop.asked("/")
    with pytest.raises(Unauthenticated):
        await tokens.read(_by_hand(whop, {"kid": None}))
    assert whop.asked("/") == before


async def test_a_published_key_of_another_kind_signs_nothing(whop: FakeWhop, tokens: WhopTokens) -> None:
    shared, pair = OctKey.generate_key(256, {"kid": "shared"}), RSAKey.generate_key(2048, {"kid": "pair"})
    published = [shared.as_dict(private=True), pair.as_dict(private=False), whop.published[0].as_dict(private=False)]
    whop.misbehave(JWKS, Reply(200, json.dumps({"keys": published}).encode()))
    said = {"iss": "urn:whopcom:exp-proxy", "aud": APP, "sub": "user_1", "exp": time.time() + 600}
    for token in (
        jwt.encode({"alg": "HS256", "kid": "shared"}, said, shared),
        jwt.encode({"alg": "RS256", "kid": "pair"}, said, pair),
    ):
        with pytest.raises(Unauthenticated):
            await tokens.read(token)
    assert (await tokens.read(whop.token("user_1"))).user == "user_1"


async def test_a_key_or_an_address_inside_the_token_is_not_used(whop: FakeWhop, tokens: WhopTokens) -> None:
    mine = signing_key("first")
    before = whop.asked("/")
    for header in (
        {"jwk": mine.as_dict(private=False)},
        {"jku": whop.jwks_url},
        {"x5u": whop.jwks_url},
        {"x5c": ["x"]},
    ):
        with pytest.raises(Unauthenticated):
            await tokens.read(whop.token("user_1", mine, header))
    assert whop.asked("/") == before + 1  # the published keys, by our own address


async def test_another_algorithm_is_refused(whop: FakeWhop, tokens: WhopTokens) -> None:
    public = whop.published[0].as_pem(private=False)
    said = {"iss": "urn:whopcom:exp-proxy", "aud": APP, "sub": "user_1", "exp": time.time() + 600}
    kid = {"kid": "first"}
    forged = [
        _unsigned({"alg": "none", **kid}, said),
        _unsigned({"alg": "None", **kid}, said),
        _unsigned(kid, said),
        _hashed({"alg": "HS256", **kid}, said, public),
        jwt.encode({"alg": "RS256", **kid}, said, RSAKey.generate_key(2048)),
        jwt.encode({"alg": "ES384", **kid}, said, ECKey.generate_key("P-384"), algorithms=["ES384"]),
        jwt.encode({"alg": "ES256", **kid}, said, ECKey.generate_key("P-256")),
    ]
    for token in forged:
        with pytest.raises(Unauthenticated):
            await tokens.read(token)


async def test_a_changed_token_is_refused(whop: FakeWhop, tokens: WhopTokens) -> None:
    header, payload, signature = whop.token("user_1").split(".")
    other = whop.token("user_2").split(".")[1]
    zeros = base64.urlsafe_b64encode(bytes(64)).rstrip(b"=").decode()
    changed = (
        f"{header}.{other}.{signature}", f"{header}.{payload}.", f"{header}.{payload}", f"{header}.{payload}.{zeros}",
        f"{header}.{payload}.{signature}.{signature}", f".{payload}.{signature}", "..", "", "é", "a.b.c",
        f"{header}.{payload}.{signature[:-4]}",
    )  # fmt: skip
    for token in changed:
        with pytest.raises(Unauthenticated):
            await tokens.read(token)


@pytest.mark.parametrize("head", ["[]", '["alg", "kid"]', '"alg kid"', "1", "null", '{"alg": {}, "kid": "first"}'])
async def test_a_header_of_another_shape_is_refused(whop: FakeWhop, tokens: WhopTokens, head: str) -> None:
    _, payload, signature = whop.token("user_1").split(".")
    with pytest.raises(Unauthenticated):
        await tokens.read(f"{_part(head)}.{payload}.{signature}")


async def test_a_long_token_is_refused_unread(whop: FakeWhop, tokens: WhopTokens) -> None:
    good = whop.token("user_1", note="x" * (MAX_LENGTH // 2))
    assert (await tokens.read(good)).user == "user_1"
    for length in (MAX_LENGTH, 1_000_000):
        with pytest.raises(Unauthenticated):
            await tokens.read(whop.token("user_1", note="x" * length))


def _by_hand(whop: FakeWhop, header: dict[str, Any]) -> str:
    """Signed rightly over a header that the library would not make."""
    key = whop.published[0]
    head = {name: value for name, value in ({"alg": "ES256", "kid": key.kid} | header).items() if value is not None}
    payload = whop.token("user_1").split(".")[1]
    signed = f"{_part(json.dumps(head))}.{payload}"
    pair = decode_dss_signature(key.private_key.sign(signed.encode(), ECDSA(SHA256()))) if key.private_key else (0, 0)
    return f"{signed}.{_encoded(b''.join(number.to_bytes(32, 'big') for number in pair))}"


def _unsigned(header: dict[str, Any], said: dict[str, Any]) -> str:
    return f"{_part(json.dumps(header))}.{_part(json.dumps(said))}."


def _hashed(header: dict[str, Any], said: dict[str, Any], key: bytes) -> str:
    """Signed with the public key as if it were a shared secret; the library refuses to make such a thing."""
    signed = _unsigned(header, said)[:-1]
    return f"{signed}.{_encoded(hmac.digest(key, signed.encode(), 'sha256'))}"


def _part(text: str) -> str:
    return _encoded(text.encode())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


async def test_the_tokens_made_by_hand_here_are_good_when_nothing_is_wrong(whop: FakeWhop, tokens: WhopTokens) -> None:
    assert (await tokens.read(_by_hand(whop, {}))).user == "user_1"
    assert (await tokens.read(_by_hand(whop, {"typ": "jwt"}))).user == "user_1"
