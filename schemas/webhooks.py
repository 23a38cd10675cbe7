"""Webhooks: what a sender told us, once its signature was found good."""

from enum import StrEnum

from schemas.base import Frozen
from schemas.memberships import MembershipChange
from schemas.times import Timestamp


class WebhookOutcome(StrEnum):
    """What became of a webhook."""

    APPLIED = "applied"
    OUTDATED = "outdated"  # something newer was known already
    RECORDED = "recorded"  # nothing here depends on events of this type
    IGNORED = "ignored"  # it speaks of no company


class WebhookEvent(Frozen):
    """One delivery. `id` is the sender's: the same id again is the same event."""

    id: str
    type: str
    at: Timestamp
    company: str | None
    change: MembershipChange | None = None
