"""Whop's webhooks: the signature first, over the bytes as they came; then what they say, in our words."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from pydantic import BaseModel, Field, SecretStr, ValidationError
from whop_sdk.lib.verify_webhook import WebhookVerificationError, unwrap

from schemas.errors import EventInvalid, SignatureRefused
from schemas.ids import creator_id
from schemas.memberships import MembershipChange, MembershipStatus, WhopId
from schemas.times import Timestamp
from schemas.webhooks import WebhookEvent

_ID = re.compile(r"[!-~]{1,255}")
_ENDED = {"canceled": MembershipStatus.CANCELLED, "past_due": MembershipStatus.PAST_DUE}


class _User(BaseModel):
    id: WhopId


class _Membership(BaseModel):
    """Of both of Whop's shapes: the older has `user` and `renewal_period_end`, the newer `user_id` and `current_…`."""

    id: WhopId
    status: str = ""
    user: _User | None = None
    user_id: WhopId | None = None
    renewal_period_end: Timestamp | None = None
    current_period_end: Timestamp | None = None
    expires_at: Timestamp | None = None


class _Envelope(BaseModel):
    type: str = Field(pattern=r"^[a-z0-9_.]{1,100}$")
    timestamp: Timestamp
    company_id: WhopId | None = None
    account_id: WhopId | None = None
    data: object = None


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[SecretStr]) -> None:
    """Check the body against every secret of the rotation; an empty one signs nothing. Raises: SignatureRefused."""
    for secret in filter(None, (secret.get_secret_value() for secret in secrets)):
        try:
            with suppress(ValueError):  # signed, and no JSON object: who reads it says so better
                unwrap(body, headers=headers, key=secret)
        except WebhookVerificationError:
            continue
        return
    raise SignatureRefused("the webhook's signature, or its time, is not good")


def read_event(body: bytes, event_id: str) -> WebhookEvent:
    """What a verified body says. Raises: EventInvalid, naming the field and never its value."""
    if not _ID.fullmatch(event_id):
        raise EventInvalid("webhook-id has 1 to 255 printable characters")
    try:
        envelope = _Envelope.model_validate_json(body)
        company = envelope.account_id or envelope.company_id
        change = _change(envelope, company) if company else None
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_input=False)[0]["loc"]))
        raise EventInvalid(f"the webhook cannot be read: {where or 'body'}") from None
    return WebhookEvent(id=event_id, type=envelope.type, at=envelope.timestamp, company=company, change=change)


def _change(envelope: _Envelope, company: str) -> MembershipChange | None:
    """None for events of other types, and for a membership that nobody has claimed."""
    if envelope.type not in ("membership.activated", "membership.deactivated"):
        return None
    said = _Membership.model_validate(envelope.data)
    user = said.user.id if said.user else said.user_id
    if user is None:
        return None
    is_active = envelope.type == "membership.activated"
    return MembershipChange(
        creator_id=creator_id(company),
        user=user,
        membership=said.id,
        status=MembershipStatus.ACTIVE if is_active else _ENDED.get(said.status, MembershipStatus.EXPIRED),
        valid_until=said.expires_at or said.current_period_end or said.renewal_period_end,
        at=envelope.timestamp,
    )
