"""Who asks: creators, and students with or without a membership."""

from uuid import UUID, uuid4

from schemas.callers import Caller, Role
from schemas.ids import student_id
from tests.databases import FreshDatabase


def creator_caller(creator: UUID) -> Caller:
    return Caller(role=Role.CREATOR, subject=f"user-{creator}", creator_id=creator)


def student_caller(creator: UUID, name: str = "ada") -> Caller:
    """A student of the creator, who is a member only after `joined`."""
    return Caller(role=Role.STUDENT, subject=f"user-{name}", creator_id=creator, student_id=student_id(creator, name))


async def joined(database: FreshDatabase, creator: UUID, name: str = "ada", status: str = "active") -> Caller:
    """A student with a membership."""
    caller = student_caller(creator, name)
    await database.scalar(
        "INSERT INTO students (creator_id, id, whop_user_id) VALUES ($1, $2, $3)", creator, caller.student_id, name
    )
    await database.scalar(
        """INSERT INTO memberships (creator_id, id, student_id, whop_membership_id, status)
           VALUES ($1, $2, $3, $4, $5)""",
        creator, uuid4(), caller.student_id, name, status,
    )  # fmt: skip
    return caller
