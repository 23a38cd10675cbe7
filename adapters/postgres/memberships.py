"""Memberships, as whoever sells them tells of them: late, twice and out of order."""

from uuid import UUID

from adapters.postgres.pool import Connection
from schemas.ids import membership_id, student_id
from schemas.memberships import MembershipChange


async def change_membership(connection: Connection, creator: UUID, change: MembershipChange) -> bool:
    """Make the membership what it was from `change.changed_at` on; return whether this changed it.

    Idempotent: what is as new, or newer, stands, so that a repeat and a straggler change nothing.
    """
    student = student_id(creator, change.user_id)
    join = """INSERT INTO students (creator_id, id, whop_user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"""
    await connection.execute(join, creator, student, change.user_id)
    sql = """INSERT INTO memberships (creator_id, id, student_id, whop_membership_id, status, valid_until, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (creator_id, id) DO UPDATE
             SET student_id = excluded.student_id, status = excluded.status, valid_until = excluded.valid_until,
                 changed_at = excluded.changed_at
             WHERE memberships.changed_at < excluded.changed_at"""
    key = membership_id(creator, change.membership_id)
    values = (change.membership_id, str(change.status), change.valid_until, change.changed_at)
    return await connection.execute(sql, creator, key, student, *values) == "INSERT 0 1"
