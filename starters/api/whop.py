"""Whop: a person comes in from a page of the creator's company."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from adapters.tokens.whop import WhopUser
from schemas.callers import Caller, Role
from schemas.errors import Unauthenticated
from schemas.ids import creator_id
from schemas.memberships import Known
from starters.api.callers import only_credential, whop_caller
from starters.api.calling import ResourcesDep
from starters.api.contract import BY_WHOP_TOKEN
from starters.api.limiting import hold_to_limit
from starters.api.resources import Resources

router = APIRouter(prefix="/api/whop", tags=["whop"])


class SignIn(BaseModel):
    """Where the person comes from; who it is, the token says."""

    company_id: Annotated[str, Field(pattern=r"^biz_[A-Za-z0-9]{1,64}$", examples=["biz_h0UKqlfUJI55Am"])]


class OwnMembership(BaseModel):
    """The membership that lets a student in; without an end it is for good, or renewed by itself."""

    id: str
    valid_until: datetime | None


class SignedIn(BaseModel):
    """Who the person is here. `creator_id` goes into X-Creator-Id of every further request, beside the token."""

    role: Role
    creator_id: UUID
    student_id: UUID | None
    membership: OwnMembership | None = Field(description="null for a creator, and while no webhook has told of it")
    expires: datetime = Field(description="the token's end: a new one is needed then")


@router.post("/auth", openapi_extra=BY_WHOP_TOKEN)
async def auth(body: SignIn, request: Request, resources: ResourcesDep) -> SignedIn:
    """Check a Whop user token and the membership behind it."""
    try:
        shown = await _shown(request, resources)
    except Unauthenticated:
        await hold_to_limit(request, resources.limits, None)
        raise
    creator = creator_id(body.company_id)
    await hold_to_limit(request, resources.limits, Caller(role=Role.STUDENT, subject=shown.user, creator_id=creator))
    known = await resources.doorkeeper.admit(creator, shown.user, body.company_id)
    caller = whop_caller(creator, shown.user, known.access, known.membership_id)
    return SignedIn(
        role=caller.role,
        creator_id=creator,
        student_id=caller.student_id,
        membership=None if caller.role is Role.CREATOR else _membership(known),
        expires=shown.expires,
    )


def _membership(known: Known) -> OwnMembership | None:
    if known.membership_id is None:
        return None
    return OwnMembership(id=known.membership_id, valid_until=known.valid_until)


async def _shown(request: Request, resources: Resources) -> WhopUser:
    _, token = only_credential(request)
    if not token or resources.whop_tokens is None:
        raise Unauthenticated("this route takes a Whop user token, and nothing else")
    return await resources.whop_tokens.read(token)
