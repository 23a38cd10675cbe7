"""Memberships: what Whop said of a user and a creator, when, and for how long that is good."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import Frozen
from schemas.times import Timestamp

FRESH = timedelta(minutes=10)  # how long Whop's yes is good without asking again, so how late a lost webhook shows
REFUSED = timedelta(seconds=30)  # how long its no is: somebody may be paying just now
GRACE = timedelta(hours=24)  # while Whop is away; `is_member()` in the database (0010_whop.sql) has it too

WhopId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


class Access(StrEnum):
    """What a Whop user is to a creator."""

    CREATOR = "creator"  # is on the company's team
    STUDENT = "student"
    NONE = "none"


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
    valid_until: Timestamp | None = None
    at: Timestamp


class Known(Frozen):
    """What our own rows say of a user and a creator: Whop's last answer, and the newest active membership."""

    company: str | None = None
    checked: Access | None = None
    checked_at: datetime | None = None
    membership_id: str | None = None
    valid_until: datetime | None = None
    changed_at: datetime | None = None

    @property
    def access(self) -> Access:
        """Whop's answer goes first. Behind a no, the database keeps active memberships only where they are newer."""
        if self.checked in (Access.CREATOR, Access.STUDENT):
            return self.checked
        return Access.STUDENT if self.membership_id else Access.NONE

    def is_fresh(self, now: datetime) -> bool:
        """Whether Whop need not be asked."""
        good = REFUSED if self.checked is Access.NONE else FRESH
        return self.checked_at is not None and self.checked_at > now - good

    def while_away(self, now: datetime) -> Access:
        """What the user still is though Whop cannot be asked: each word counts for GRACE from when it was said.

        So a membership of today does not put anybody back on a team that was left before: it lets its student in.
        """
        if self.checked in (Access.CREATOR, Access.STUDENT) and _is_recent(self.checked_at, now):
            return self.checked
        return Access.STUDENT if self.membership_id and _is_recent(self.changed_at, now) else Access.NONE


def _is_recent(said_at: datetime | None, now: datetime) -> bool:
    return said_at is not None and said_at > now - GRACE
