"""Credentials, one kind after the other: each request shows exactly one, in a header, and never a cookie."""

from uuid import UUID

from starlette.requests import Request

from adapters.tokens.keys import PREFIX
from schemas.callers import Caller, Role
from schemas.errors import Forbidden, RequestInvalid, Unauthenticated
from schemas.ids import student_id
from schemas.keys import InstallationRole
from schemas.memberships import Access
from starters.api.resources import Resources

WHOP_TOKEN = "X-Whop-User-Token"  # noqa: S105 - the header's name
CREATOR = "X-Creator-Id"


async def identified(request: Request, named: UUID | None, resources: Resources) -> Caller:
    """Who asks, `named` being the creator that the request names.

    Raises: Unauthenticated; Forbidden; RequestInvalid where a creator must be named; WhopUnavailable, ProviderRefused,
    DatabaseUnavailable.
    """
    bearer, whop_token = only_credential(request)
    if whop_token:
        return await _whop_user(whop_token, named, resources)
    caller = await _bearer(bearer, named, resources)
    if named is not None and caller.creator_id != named:
        raise Forbidden(f"the credential is another creator's than {CREATOR} names")
    return caller


def only_credential(request: Request) -> tuple[str, str]:
    """The bearer token or the Whop user token; the other is empty. Raises: Unauthenticated."""
    bearers, whop_tokens = request.headers.getlist("Authorization"), request.headers.getlist(WHOP_TOKEN)
    if len(bearers) + len(whop_tokens) != 1:
        raise Unauthenticated("a request shows one credential, and only one")
    if whop_tokens:
        return "", whop_tokens[0]
    scheme, _, token = bearers[0].partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("the credential is of no kind that is taken here")
    return token, ""


async def _bearer(token: str, named: UUID | None, resources: Resources) -> Caller:
    if token.startswith(PREFIX):
        return await _key_holder(token, named, resources)
    if resources.development_tokens is None:
        raise Unauthenticated("the credential is of no kind that is taken here")
    return resources.development_tokens.read(token)


async def _key_holder(key: str, named: UUID | None, resources: Resources) -> Caller:
    holder = await resources.key_ring.holder(key)
    subject = f"key-{holder.key_id}"
    if holder.owner is InstallationRole.OPERATOR:
        return Caller(role=Role.OPERATOR, subject=subject, creator_id=named, is_service=True)
    if holder.owner is InstallationRole.PLATFORM:
        return Caller(role=Role.CREATOR, subject=subject, creator_id=_required(named), is_service=True)
    return Caller(role=Role.CREATOR, subject=subject, creator_id=holder.owner, is_service=True)


async def _whop_user(token: str, named: UUID | None, resources: Resources) -> Caller:
    if resources.whop_tokens is None:
        raise Unauthenticated("the credential is of no kind that is taken here")
    shown = await resources.whop_tokens.read(token)
    creator = _required(named)
    known = await resources.doorkeeper.admit(creator, shown.user)
    return whop_caller(creator, shown.user, known.access, known.membership_id)


def whop_caller(creator: UUID, user: str, access: Access, membership: str | None) -> Caller:
    """A Whop user who was let in."""
    if access is Access.CREATOR:
        return Caller(role=Role.CREATOR, subject=user, creator_id=creator)
    student = student_id(creator, user)
    return Caller(role=Role.STUDENT, subject=user, creator_id=creator, student_id=student, membership_id=membership)


def _required(named: UUID | None) -> UUID:
    if named is None:
        what = "name the creator that this is about"
        raise RequestInvalid(f"{CREATOR}: {what}", ((f"header.{CREATOR}", what),))
    return named
