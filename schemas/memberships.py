"""Memberships: whether a student may see what a creator published."""

from datetime import datetime
from enum import StrEnum

from schemas.base import Frozen


class MembershipStatus(StrEnum):
    """Only an active membership that is still valid opens anything."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class MembershipChange(Frozen):
    """What a membership was from `changed_at` on, by the clock of whoever sells it."""

    membership_id: str
    user_id: str
    status: MembershipStatus
    valid_until: datetime | None
    changed_at: datetime
