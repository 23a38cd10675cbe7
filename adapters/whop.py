"""Whop, asked through its own SDK: what a user is to a company."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from pydantic import SecretStr
from whop_sdk import AsyncWhop
from whop_sdk.core.api_error import ApiError
from whop_sdk.core.parse_error import ParsingError
from whop_sdk.environment import WhopEnvironment

from adapters.provider_errors import retry_after_seconds
from schemas.errors import Forbidden, MentoraError, ProviderRefused, SettingsInvalid, WhopUnavailable
from schemas.memberships import Access

TIMEOUT_SECONDS = 3.0  # a person waits for the page
AWAY_SECONDS = 10.0  # after a failure nobody else waits for the same
_ACCESS = {"admin": Access.CREATOR, "customer": Access.STUDENT}
_LOGGER = logging.getLogger(__name__)


class Whop:
    """Whop's API, with the key of our app."""

    def __init__(self, api_key: SecretStr, base_url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Raises: SettingsInvalid."""
        key = api_key.get_secret_value().strip()
        if not key:
            raise SettingsInvalid("MENTORA_WHOP_API_KEY is empty, and MENTORA_WHOP_APP_ID is set")
        self._timeout = timeout_seconds
        self._away_until = 0.0
        self._http = httpx.AsyncClient(timeout=timeout_seconds, follow_redirects=False)
        self._client = AsyncWhop(
            environment=WhopEnvironment(api=base_url, vault=base_url),
            token=key,
            timeout=timeout_seconds,
            max_retries=0,
            httpx_client=self._http,
        )

    async def access(self, user: str, company: str) -> Access:
        """What the user is to the company; whatever is not plainly a yes is a no.

        Raises: WhopUnavailable; ProviderRefused where our key is not good; Forbidden where the company is none that has
        our app.
        """
        if (left := self._away_until - time.monotonic()) > 0:
            raise WhopUnavailable("Whop did not answer a moment ago", left)
        try:
            with _translating():
                async with asyncio.timeout(self._timeout):  # the client's own is for each packet
                    said = await self._client.users.check_access(user, company)
        except WhopUnavailable as error:
            self._away_until = time.monotonic() + (error.retry_after or AWAY_SECONDS)
            _LOGGER.warning("%s", error)
            raise
        return _ACCESS.get(said.access_level, Access.NONE) if said.has_access is True else Access.NONE

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


@contextmanager
def _translating() -> Iterator[None]:
    """The originals are not chained: they hold our key and the user's id."""
    try:
        yield
    except ApiError as error:
        translated = _from_status(error.status_code or 0, error.headers or {})
    except (httpx.HTTPError, TimeoutError, ParsingError, ValueError) as error:
        translated = WhopUnavailable(f"Whop did not answer: {type(error).__name__}")
    else:
        return
    raise translated from None


def _from_status(status: int, headers: dict[str, str]) -> MentoraError:
    if status == 401:
        return ProviderRefused("Whop answered 401: it does not take our API key")
    if status in (403, 404):
        return Forbidden(f"Whop answered {status}: it has no such user, or no such company with our app")
    return WhopUnavailable(f"Whop answered {status}", retry_after_seconds(headers))
