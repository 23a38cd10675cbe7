"""How often a caller may ask: which limit a route counts in, who is counted, and what the answer's headers say."""

import asyncio
import logging
import math

from starlette.requests import Request

from adapters.postgres.limits import ChangedLimits
from adapters.redis.rate_limits import RateLimiter
from schemas.callers import Caller, Role
from schemas.errors import MentoraError, TooManyRequests
from schemas.limits import DEFAULT_LIMITS, RateLimit, Verdict
from starters.api.addresses import FORM, UPLOADS
from starters.api.envelope import add_header, has_header
from starters.api.signals import LIMITED

_REFRESH_SECONDS = 5.0
_EVERYTHING_ELSE = "api"
_LIMIT = "RateLimit-Limit"
_NAMES = {
    ("POST", "/api/chat"): "chat",
    ("POST", UPLOADS): "upload",
    FORM: "upload",
    ("POST", "/api/quizzes/generate"): "quiz",
    ("POST", "/api/whop/auth"): "auth",
}
# An upload is counted when it is created. Its parts are as many as the network makes them.
_FREE = frozenset({f"{UPLOADS}/{{upload_id}}"})
_LOGGER = logging.getLogger(__name__)


class Limits:
    """The limits in force: as the code says, save what an operator changed."""

    def __init__(self, limiter: RateLimiter, changed: ChangedLimits) -> None:
        self._limiter = limiter
        self._changed = changed
        self._known: dict[str, RateLimit] = {}

    @property
    def is_degraded(self) -> bool:
        """Whether this process limits by itself."""
        return self._limiter.is_degraded

    async def admit(self, name: str, caller: str) -> Verdict:
        """Count one request. Never raises: without Redis it is counted here."""
        limit = self._known.get(name, DEFAULT_LIMITS[name])
        return await self._limiter.admit(caller, limit)

    async def refresh(self) -> None:
        """Take over what was changed. Raises: DatabaseUnavailable."""
        self._known = await self._changed.all()

    async def follow(self) -> None:
        """Take over what is changed anywhere, until cancelled. While PostgreSQL is away what is known holds."""
        while True:
            try:
                await self.refresh()
            except MentoraError as error:
                _LOGGER.debug("changed limits could not be read: %s", error.code)
            await asyncio.sleep(_REFRESH_SECONDS)

    async def close(self) -> None:
        """Give the connections back."""
        await self._limiter.close()


async def hold_to_limit(request: Request, limits: Limits, caller: Caller | None, name: str = "") -> None:
    """Count the request and tell what is left; None is a caller who could not say who it is.

    `name` is the limit where it depends on more than the route. Raises: TooManyRequests.
    """
    path = request.scope["route"].path
    if path in _FREE and caller is not None and caller.role is Role.CREATOR:
        return
    name = name or _NAMES.get((request.method, path), _EVERYTHING_ELSE)
    verdict = await limits.admit(name, _counted(request, caller))
    add_header(request, _LIMIT, str(verdict.limit))
    add_header(request, "RateLimit-Remaining", str(verdict.remaining))
    add_header(request, "RateLimit-Reset", str(math.ceil(verdict.reset_seconds)))
    if not verdict.allowed:
        LIMITED.labels(name).inc()
        raise TooManyRequests(
            f"the limit `{name}` of {verdict.limit} requests is used up",
            retry_after=max(1, math.ceil(verdict.retry_after_seconds)),
        )


def is_counted(request: Request) -> bool:
    """Whether this request was held to a limit already."""
    return has_header(request, _LIMIT)


def _counted(request: Request, caller: Caller | None) -> str:
    """A service key asks for many, so it is counted by the creator it acts for; a stranger by the address."""
    if caller is None:
        return f"address:{request.client.host if request.client else ''}"
    if caller.is_service:
        return f"service:{caller.creator_id}"
    return f"caller:{caller.subject}"
