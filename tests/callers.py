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
    await enrolled(database, creator, name, status)
    return student_caller(creator, name)


async def enrolled(
    database: FreshDatabase, creator: UUID, name: str = "ada", status: str = "active", until: str = "1 day"
) -> UUID:
    """The id of a student with a membership; as a caller it is `student_caller(creator, name)`."""
    student = student_id(creator, name)
    await database.scalar(
        "INSERT INTO creators (creator_id, name) VALUES ($1, 'somebody') ON CONFLICT DO NOTHING", creator
    )
    await database.scalar(
        "INSERT INTO students (creator_id, id, whop_user_id) VALUES ($1, $2, $3)", creator, student, name
    )
    await database.scalar(
        """INSERT INTO memberships (creator_id, id, student_id, whop_membership_id, status, valid_until)
           VALUES ($1, $2, $3, $4, $5, now() + $6::text::interval)""",
        creator, uuid4(), student, name, status, until,
    )  # fmt: skip
    return student


async def lapse(database: FreshDatabase, student: UUID) -> None:
    await database.scalar("UPDATE memberships SET status = 'expired' WHERE student_id = $1", student)
