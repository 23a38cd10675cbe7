"""Memberships: events in any order, and Whop's answers. The newest word counts, whichever way it came."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from adapters.postgres.creators import ensure_creator
from adapters.postgres.pool import Connection, Database
from schemas.callers import Caller
from schemas.errors import EventInvalid
from schemas.ids import membership_id, student_id
from schemas.memberships import Access, Known, MembershipChange, MembershipStatus

_AHEAD = timedelta(minutes=5)  # of another clock; an event of next year would hide every later one


class Memberships:
    """Reads what is known of a user, and notes what Whop answered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, creator: UUID, user: str) -> Known:
        """What our own rows say. Raises: DatabaseUnavailable."""
        sql = """SELECT r.whop_company_id AS company, c.access AS checked, c.checked_at,
                        m.whop_membership_id AS membership_id, m.valid_until, m.changed_at
                 FROM creators r
                 LEFT JOIN access_checks c ON c.creator_id = r.creator_id AND c.user_id = $2
                 LEFT JOIN LATERAL (
                     SELECT whop_membership_id, valid_until, changed_at FROM memberships
                     WHERE creator_id = r.creator_id AND student_id = $2
                       AND status = 'active' AND (valid_until IS NULL OR valid_until > now())
                     ORDER BY changed_at DESC LIMIT 1
                 ) m ON true
                 WHERE r.creator_id = $1"""
        async with self._database.as_creator(creator) as connection:
            row = await connection.fetchrow(sql, creator, student_id(creator, user))
        return Known() if row is None else Known(**row)

    async def is_member(self, caller: Caller) -> bool:
        """Whether the student who asks has a membership that lasts. Raises: DatabaseUnavailable."""
        async with self._database.as_caller(caller) as connection:
            return bool(await connection.fetchval("SELECT is_member()"))

    async def save_check(self, creator: UUID, company: str, user: str, access: Access, at: datetime) -> bool:
        """Note what Whop answered; return False where an event is newer, so that the answer is none.

        `at` is when Whop was asked: an event between asking and now is newer than the answer. A no to a creator whom
        nobody has signed in for is not kept: strangers make no rows of creators.

        Idempotent: the row is one a user, and an older answer never replaces a newer one.
        """
        async with self._database.as_creator(creator) as connection:
            whose = student_id(creator, user)
            # The creator before the user, as events have it: else the two would wait for each other.
            if access is not Access.NONE:
                await ensure_creator(connection, creator, company)
            await _lock(connection, whose)
            if access is Access.STUDENT:
                if await _ended_since(connection, creator, whose, at):
                    return False
                await _ensure_student(connection, creator, user)
            await _insert_check(connection, creator, whose, access, at)
            if access is Access.NONE:
                await _expire(connection, creator, whose, at)
        return True


async def change_membership(connection: Connection, change: MembershipChange) -> bool:
    """Store what an event says, inside the caller's transaction as its creator; return whether it was news.

    Idempotent: an event that is not newer than what is known of its membership changes nothing. Of two at one moment
    the one that ends the membership counts; and an activation older than Whop's last no is not stored.

    Raises: EventInvalid for an event of the future.
    """
    if change.at > datetime.now(UTC) + _AHEAD:
        raise EventInvalid("the event's time is in the future")
    whose = student_id(change.creator_id, change.user)
    await _lock(connection, whose)
    await _ensure_student(connection, change.creator_id, change.user)
    if not await _upsert(connection, change, whose):
        return False
    await _forget_check(connection, change, whose)
    return True


async def _lock(connection: Connection, whose: UUID) -> None:
    """One writer of a user at a time: an event and an answer must see each other."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 10))", str(whose))


async def _ensure_student(connection: Connection, creator: UUID, user: str) -> None:
    sql = "INSERT INTO students (creator_id, id, whop_user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    await connection.execute(sql, creator, student_id(creator, user), user)


async def _upsert(connection: Connection, change: MembershipChange, whose: UUID) -> bool:
    sql = """INSERT INTO memberships (creator_id, id, student_id, whop_membership_id, status, valid_until, changed_at)
             SELECT $1, $2, $3, $4, $5, $6, $7
             WHERE $5 <> 'active' OR NOT EXISTS (
                 SELECT 1 FROM access_checks
                 WHERE creator_id = $1 AND user_id = $3 AND access = 'none' AND checked_at >= $7)
             ON CONFLICT (creator_id, id) DO UPDATE
             SET student_id = EXCLUDED.student_id, status = EXCLUDED.status,
                 valid_until = EXCLUDED.valid_until, changed_at = EXCLUDED.changed_at
             WHERE (memberships.changed_at, memberships.status <> 'active')
                 < (EXCLUDED.changed_at, EXCLUDED.status <> 'active')"""
    key = membership_id(change.creator_id, change.membership)
    status = str(change.status)
    done = await connection.execute(
        sql, change.creator_id, key, whose, change.membership, status, change.valid_until, change.at
    )
    return done == "INSERT 0 1"


async def _forget_check(connection: Connection, change: MembershipChange, whose: UUID) -> None:
    """What an event contradicts is asked again. A creator stays one, whatever is bought or ended."""
    sql = "DELETE FROM access_checks WHERE creator_id = $1 AND user_id = $2 AND access = $3 AND checked_at < $4"
    stale = Access.NONE if change.status is MembershipStatus.ACTIVE else Access.STUDENT
    await connection.execute(sql, change.creator_id, whose, str(stale), change.at)


async def _ended_since(connection: Connection, creator: UUID, whose: UUID, at: datetime) -> bool:
    sql = """SELECT EXISTS (SELECT 1 FROM memberships
             WHERE creator_id = $1 AND student_id = $2 AND status <> 'active' AND changed_at > $3)"""
    return bool(await connection.fetchval(sql, creator, whose, at))


async def _insert_check(connection: Connection, creator: UUID, whose: UUID, access: Access, at: datetime) -> None:
    sql = """INSERT INTO access_checks (creator_id, user_id, access, checked_at)
             SELECT $1, $2, $3, $4 FROM creators WHERE creator_id = $1
             ON CONFLICT (creator_id, user_id) DO UPDATE
             SET access = EXCLUDED.access, checked_at = EXCLUDED.checked_at
             WHERE access_checks.checked_at < EXCLUDED.checked_at"""
    await connection.execute(sql, creator, whose, str(access), at)


async def _expire(connection: Connection, creator: UUID, whose: UUID, at: datetime) -> None:
    """Whop's no is about all memberships that were known before it."""
    sql = """UPDATE memberships SET status = 'expired', changed_at = $3
             WHERE creator_id = $1 AND student_id = $2 AND status = 'active' AND changed_at < $3"""
    await connection.execute(sql, creator, whose, at)
