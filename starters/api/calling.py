"""Who asks, for the routes that want to know: found out, held to a role and to a limit before anything else happens."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Header
from starlette.requests import Request

from schemas.callers import Caller, Role
from schemas.errors import Forbidden, RequestInvalid, Unauthenticated
from starters.api.callers import CREATOR, identified
from starters.api.limiting import hold_to_limit
from starters.api.resources import Resources

_NAMED = "Which creator this is about: with a Whop user token, and with a key of the whole platform."

CreatorHeader = Annotated[UUID | None, Header(alias=CREATOR, description=_NAMED)]


async def resources_of(request: Request) -> Resources:
    """What the app was made with. Not a plain function: FastAPI would call that in a thread, for each request."""
    found: Resources = request.app.state.resources
    return found


def calling(*roles: Role) -> Callable[[Request, UUID | None], Awaitable[Caller]]:
    """The dependency of a route that these roles may use. Raises: as `identified` does; TooManyRequests."""

    async def allowed(request: Request, named: CreatorHeader = None) -> Caller:
        caller = await _admitted(request, named)
        structlog.contextvars.bind_contextvars(
            caller=caller.subject, role=str(caller.role), creator_id=str(caller.creator_id or "")
        )
        if caller.role not in roles:
            raise Forbidden(f"this is for a {' or a '.join(roles)}; you ask as a {caller.role}")
        return caller

    return allowed


async def _admitted(request: Request, named: UUID | None) -> Caller:
    """Who asks, counted. Who is refused is counted too, by address: keys and creators are guessed by asking often."""
    resources = await resources_of(request)
    try:
        caller = await identified(request, named, resources)
    except (Unauthenticated, Forbidden, RequestInvalid):
        await hold_to_limit(request, resources.limits, None)
        raise
    await hold_to_limit(request, resources.limits, caller)
    return caller


ResourcesDep = Annotated[Resources, Depends(resources_of)]
AnyCaller = Annotated[Caller, Depends(calling(Role.CREATOR, Role.STUDENT))]
CreatorCaller = Annotated[Caller, Depends(calling(Role.CREATOR))]
