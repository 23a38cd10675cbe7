"""Another's signing keys, by their address: kept for hours, fetched again when one is missing, never in a hurry."""

import asyncio
import logging
import math
import time

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import BaseModel, ValidationError

from adapters.tokens.verifying import VerifyingKey
from schemas.errors import WhopUnavailable

MAX_AGE_SECONDS = 12 * 3_600.0
COOLDOWN_SECONDS = 30.0  # between fetches for keys that are not there: anybody can name one
TIMEOUT_SECONDS = 3.0
_MAX_BYTES = 100_000
_LOGGER = logging.getLogger(__name__)


class _Document(BaseModel):
    keys: list[dict[str, object]]


class RemoteKeys:
    """The keys at `url`, by their id. Whoever serves them may be away: the last ones that were read stay good."""

    def __init__(
        self,
        url: str,
        cooldown_seconds: float = COOLDOWN_SECONDS,
        max_age_seconds: float = MAX_AGE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._url = url
        self._cooldown = cooldown_seconds
        self._max_age = max_age_seconds
        self._timeout = timeout_seconds
        self._keys: dict[str, VerifyingKey] = {}
        self._read_at = self._tried_at = -math.inf
        self._fetching = asyncio.Lock()

    async def find(self, kid: str) -> VerifyingKey | None:
        """The key of this id; None where there is none. Raises: WhopUnavailable where no key was ever read."""
        is_old = time.monotonic() - self._read_at > self._max_age
        if kid not in self._keys or (is_old and not self._fetching.locked()):  # an old key need not be waited for
            await self._refresh()
        if not self._keys:
            raise WhopUnavailable("Whop's signing keys cannot be read", self._cooldown)
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        """Fetch, one at a time and not more often than the cooldown says; a failure changes nothing."""
        async with self._fetching:
            if time.monotonic() - self._tried_at < self._cooldown:
                return
            self._tried_at = time.monotonic()
            try:
                async with asyncio.timeout(self._timeout):
                    keys = _read(await self._fetch())
            except (httpx2.HTTPError, TimeoutError, ValueError) as error:
                _LOGGER.warning("the signing keys at %s cannot be read: %s", self._url, type(error).__name__)
                return
            self._keys, self._read_at = keys, time.monotonic()

    async def _fetch(self) -> bytes:
        async with (
            httpx2.AsyncClient(timeout=self._timeout, follow_redirects=False) as client,
            client.stream("GET", self._url) as answer,
        ):
            answer.raise_for_status()
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise ValueError("too large")
            return body


def _read(body: bytes) -> dict[str, VerifyingKey]:
    """The keys that can have signed: of P-256, with an id, not meant for anything else. Raises: ValueError."""
    try:
        found = _Document.model_validate_json(body).keys
    except ValidationError:
        raise ValueError("no set of keys") from None
    keys = {}
    for one in found:
        fits = one.get("kty") == "EC" and one.get("crv") == "P-256"
        if fits and one.get("use", "sig") == "sig" and one.get("alg", "ES256") == "ES256":
            key = _imported(one)
            if key is not None and key.kid:
                keys[key.kid] = VerifyingKey(key, strict=False)  # Whop may say more in a header
    if not keys:
        raise ValueError("no key that fits")
    return keys


def _imported(one: dict[str, object]) -> ECKey | None:
    public: dict[str, str | list[str]] = {
        name: str(one[name]) for name in ("kty", "crv", "x", "y", "kid") if name in one
    }
    try:
        return ECKey.import_key(public)
    except (JoseError, ValueError):
        return None
