"""Whop, asked through its own SDK: what a user is to a company."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
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
_NO_ACCESS = (400, 403, 404, 422)  # of a question that names no user and company of its own
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
        self._http = httpx.AsyncClient(
            timeout=timeout_seconds, follow_redirects=False, event_hooks={"response": [_check_status]}
        )
        self._client = AsyncWhop(
            environment=WhopEnvironment(api=base_url, vault=base_url),
            token=key,
            timeout=timeout_seconds,
            max_retries=0,
            httpx_client=self._http,
        )

    async def access(self, user: str, company: str) -> Access:
        """What the user is to the company; whatever is not plainly a yes is a no.

        Only what says that Whop itself is away keeps the next from asking. Which company is asked about is anybody's
        choice, so an odd answer about one is no reason to ask about no other.

        Raises: WhopUnavailable; ProviderRefused where our key is not good, or Whop answers what nobody knows; Forbidden
        where the company is none that has our app.
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
    except (httpx.HTTPError, TimeoutError, ApiError, ParsingError, ValueError, RecursionError) as error:
        kind = type(error).__name__
    else:
        return
    raise WhopUnavailable(f"Whop did not answer: {kind}") from None


async def _check_status(response: httpx.Response) -> None:
    """Before the SDK reads the body: what comes with an error may be a page of anybody's, in any encoding."""
    if not response.is_success:
        raise _from_status(response.status_code, response.headers)


def _from_status(status: int, headers: Mapping[str, str]) -> MentoraError:
    if status == 401:
        return ProviderRefused("Whop answered 401: it does not take our API key")
    if status in _NO_ACCESS:
        return Forbidden(f"Whop answered {status}: it has no such user, or no such company with our app")
    if status in (408, 429) or status >= 500:
        return WhopUnavailable(f"Whop answered {status}", retry_after_seconds(headers))
    return ProviderRefused(f"Whop answered {status}")
