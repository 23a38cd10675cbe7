"""Who asks, for the routes that want to know: found out, held to a role and to a limit before anything else happens."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import structlog
from fastapi import Depends, Security, params
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.requests import Request

from schemas.callers import Caller, Role
from schemas.errors import Forbidden, Unauthenticated
from starters.api.limiting import hold_to_limit
from starters.api.resources import Resources

# For the contract only: the dependencies read the headers themselves, so that one error serves all.
_BEARER = HTTPBearer(auto_error=False, description="A service key, or a token of `mentora token`.")
_WHOP = APIKeyHeader(name="X-Whop-User-Token", auto_error=False, description="A Whop user token.")


def resources_of(request: Request) -> Resources:
    """What the app was made with."""
    found: Resources = request.app.state.resources
    return found


def calling(*roles: Role) -> Callable[[Request], Awaitable[Caller]]:
    """The dependency of a route that these roles may use.

    Raises: Unauthenticated, TooManyRequests, Forbidden.
    """

    async def allowed(request: Request) -> Caller:
        caller = await _admitted(request)
        structlog.contextvars.bind_contextvars(
            caller=caller.subject, role=str(caller.role), creator_id=str(caller.creator_id or "")
        )
        if caller.role not in roles:
            raise Forbidden(f"this is for a {' or a '.join(roles)}; you ask as a {caller.role}")
        return caller

    return allowed


async def _admitted(request: Request) -> Caller:
    """Who asks, counted. A stranger is counted too: keys are guessed by asking often."""
    limits = resources_of(request).limits
    try:
        caller = await _identified(request)
    except Unauthenticated:
        await hold_to_limit(request, limits, None)
        raise
    await hold_to_limit(request, limits, caller)
    return caller


async def _identified(request: Request) -> Caller:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    tokens = resources_of(request).development_tokens
    if scheme.lower() != "bearer" or not token or tokens is None:
        raise Unauthenticated("the request shows no credential that is taken here")
    return tokens.read(token)


def security() -> list[params.Depends]:
    """What the contract says of credentials; for the routers' `dependencies`."""
    return [Security(_BEARER), Security(_WHOP)]


ResourcesDep = Annotated[Resources, Depends(resources_of)]
AnyCaller = Annotated[Caller, Depends(calling(Role.CREATOR, Role.STUDENT))]
CreatorCaller = Annotated[Caller, Depends(calling(Role.CREATOR))]
OperatorCaller = Annotated[Caller, Depends(calling(Role.OPERATOR))]
