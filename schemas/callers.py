"""Callers: who asks, as the gateway found out; the database decides what they may see."""

from enum import StrEnum
from uuid import UUID

from schemas.base import Frozen


class Role(StrEnum):
    """What a caller is to the rows it asks for."""

    OPERATOR = "operator"  # runs the installation; sees no lecture unless it acts for its creator
    CREATOR = "creator"  # owns everything of one creator; the platform's own servers act as one
    STUDENT = "student"  # of one creator: reads what is published while the membership lasts


class Caller(Frozen):
    """One authenticated caller. `subject` names whoever holds the credential: a Whop user, or a key's id.

    `creator_id` is None only for an operator that acts for no creator; `student_id` is there for students alone.
    `is_service` tells a service key, whose limits count by the creator it acts for.
    """

    role: Role
    subject: str
    creator_id: UUID | None = None
    student_id: UUID | None = None
    membership_id: str | None = None
    is_service: bool = False

    @property
    def person(self) -> UUID:
        """Whose own rows (chats, watch time) these are: the student's, or the creator's own."""
        return self.student_id or self.creator

    @property
    def creator(self) -> UUID:
        """The creator whose rows this is about; a route that is for operators alone does not ask."""
        assert self.creator_id is not None, "only routes for creators and students ask for their creator"
        return self.creator_id
