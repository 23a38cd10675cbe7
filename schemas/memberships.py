"""Memberships: whether a student may see what a creator published."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.base import Frozen

WhopId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


class MembershipStatus(StrEnum):
    """What a membership is worth; only an active one lets its student in."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class MembershipChange(Frozen):
    """One event of a membership. `at` is the time of the event, not of its arrival: events come in any order."""

    creator_id: UUID
    user: WhopId
    membership: WhopId
    status: MembershipStatus
    valid_until: AwareDatetime | None = None
    at: AwareDatetime
