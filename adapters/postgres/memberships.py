"""Memberships, as whoever sells them tells of them: late, twice and out of order."""

from adapters.postgres.pool import Connection
from schemas.ids import membership_id, student_id
from schemas.memberships import MembershipChange


async def change_membership(connection: Connection, change: MembershipChange) -> bool:
    """Store what an event says, inside the caller's transaction as its creator; return whether it was news.

    Idempotent: an event that is not newer than what is known of its membership changes nothing.
    """
    join = "INSERT INTO students (creator_id, id, whop_user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    sql = """INSERT INTO memberships (creator_id, id, student_id, whop_membership_id, status, valid_until, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (creator_id, id) DO UPDATE
             SET student_id = excluded.student_id, status = excluded.status, valid_until = excluded.valid_until,
                 changed_at = excluded.changed_at
             WHERE memberships.changed_at < excluded.changed_at"""
    creator, student = change.creator_id, student_id(change.creator_id, change.user)
    await connection.execute(join, creator, student, change.user)
    key = membership_id(creator, change.membership)
    values = (change.membership, str(change.status), change.valid_until, change.at)
    return await connection.execute(sql, creator, key, student, *values) == "INSERT 0 1"
