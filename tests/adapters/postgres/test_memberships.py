"""Memberships: whatever order the words come in, the newest one counts."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from adapters.postgres.memberships import Memberships, change_membership
from adapters.postgres.webhooks import WebhookInbox
from schemas.errors import EventInvalid
from schemas.ids import creator_id, student_id
from schemas.memberships import GRACE, Access, MembershipChange, MembershipStatus
from schemas.webhooks import WebhookEvent
from tests.databases import FreshDatabase

pytestmark = pytest.mark.servers

USER, COMPANY = "user_1", "biz_1"
NOW = datetime.now(UTC)


def _at(minute: float) -> datetime:
    return NOW - timedelta(hours=2) + timedelta(minutes=minute)


def _event(creator: UUID, status: str, minute: float, membership: str = "mem_1", user: str = USER) -> MembershipChange:
    changed = MembershipStatus(status)
    return MembershipChange(creator_id=creator, user=user, membership=membership, status=changed, at=_at(minute))


async def _tell(database: FreshDatabase, *events: MembershipChange) -> list[bool]:
    """One transaction each, in this order."""
    told = []
    for event in events:
        async with database.app.as_creator(event.creator_id) as connection:
            told.append(await change_membership(connection, event))
    return told


async def _creator(database: FreshDatabase) -> UUID:
    creator = uuid4()
    await database.scalar("INSERT INTO creators (creator_id, name) VALUES ($1, 'somebody')", creator)
    return creator


async def _is_member(database: FreshDatabase, creator: UUID) -> bool:
    async with database.app.as_student(creator, student_id(creator, USER)) as connection:
        return bool(await connection.fetchval("SELECT is_member()"))


async def test_events_in_any_order_leave_what_the_newest_says(database: FreshDatabase) -> None:
    for last in ("active", "cancelled"):
        statuses = ["active", "past_due", last]
        for order in itertools.permutations(range(3)):
            creator = await _creator(database)
            await _tell(database, *(_event(creator, statuses[n], n) for n in order))
            known = await Memberships(database.app).find(creator, USER)
            assert known.access is (Access.STUDENT if last == "active" else Access.NONE), order
            assert await _is_member(database, creator) is (last == "active")


async def test_an_event_twice_is_news_once(database: FreshDatabase) -> None:
    creator = await _creator(database)
    event = _event(creator, "active", 0)
    assert await _tell(database, event, event) == [True, False]
    assert await _tell(database, _event(creator, "cancelled", -1)) == [False]


async def test_of_two_events_at_one_moment_the_end_counts(database: FreshDatabase) -> None:
    for order in (("active", "cancelled"), ("cancelled", "active")):
        creator = await _creator(database)
        await _tell(database, *(_event(creator, status, 0) for status in order))
        assert not await _is_member(database, creator)


async def test_one_of_two_memberships_is_enough(database: FreshDatabase) -> None:
    creator = await _creator(database)
    await _tell(database, _event(creator, "active", 0), _event(creator, "active", 1, "mem_2"))
    await _tell(database, _event(creator, "expired", 2, "mem_2"))
    assert (await Memberships(database.app).find(creator, USER)).membership_id == "mem_1"
    assert await _is_member(database, creator)


async def test_a_membership_ends_by_itself(database: FreshDatabase) -> None:
    creator = await _creator(database)
    await _tell(database, _event(creator, "active", 0).model_copy(update={"valid_until": _at(1)}))
    assert (await Memberships(database.app).find(creator, USER)).access is Access.NONE
    assert not await _is_member(database, creator)


async def test_an_event_of_the_future_is_refused(database: FreshDatabase) -> None:
    creator = await _creator(database)
    with pytest.raises(EventInvalid):
        await _tell(database, _event(creator, "active", 60 * 24))
    assert await database.scalar("SELECT count(*) FROM students WHERE creator_id = $1", creator) == 0


async def test_what_whop_answers_is_known_until_an_event_contradicts_it(database: FreshDatabase) -> None:
    creator = uuid4()
    memberships = Memberships(database.app)
    assert await memberships.save_check(creator, COMPANY, USER, Access.STUDENT, NOW)
    known = await memberships.find(creator, USER)
    assert (known.company, known.access, known.checked_at) == (COMPANY, Access.STUDENT, NOW)
    assert await _is_member(database, creator)
    await _tell(database, _event(creator, "cancelled", 0))  # older than the answer
    assert await _is_member(database, creator)
    await _tell(database, _event(creator, "cancelled", 121))
    assert (await memberships.find(creator, USER)).access is Access.NONE
    assert not await _is_member(database, creator)


async def test_an_answer_is_none_where_a_membership_ended_after_the_question(database: FreshDatabase) -> None:
    creator = await _creator(database)
    await _tell(database, _event(creator, "active", 0), _event(creator, "cancelled", 10))
    memberships = Memberships(database.app)
    assert not await memberships.save_check(creator, COMPANY, USER, Access.STUDENT, _at(5))
    assert (await memberships.find(creator, USER)).checked is None
    assert await memberships.save_check(creator, COMPANY, USER, Access.STUDENT, _at(15))


async def test_a_no_ends_what_was_known_before_it_and_outlives_older_events(database: FreshDatabase) -> None:
    creator = await _creator(database)
    memberships = Memberships(database.app)
    await _tell(database, _event(creator, "active", 0))
    await memberships.save_check(creator, COMPANY, USER, Access.NONE, _at(10))
    assert not await _is_member(database, creator)
    await _tell(database, _event(creator, "active", 5, "mem_2"))  # late
    assert not await _is_member(database, creator)
    await _tell(database, _event(creator, "active", 15))
    known = await memberships.find(creator, USER)
    assert (known.checked, known.access) == (None, Access.STUDENT)


async def test_an_older_answer_never_replaces_a_newer_one(database: FreshDatabase) -> None:
    creator = await _creator(database)
    memberships = Memberships(database.app)
    await memberships.save_check(creator, COMPANY, USER, Access.NONE, _at(10))
    await memberships.save_check(creator, COMPANY, USER, Access.STUDENT, _at(5))
    assert (await memberships.find(creator, USER)).access is Access.NONE


async def test_a_creator_stays_one_whatever_is_bought_or_ended(database: FreshDatabase) -> None:
    creator = uuid4()
    memberships = Memberships(database.app)
    await memberships.save_check(creator, COMPANY, USER, Access.CREATOR, _at(0))
    await _tell(database, _event(creator, "active", 1), _event(creator, "cancelled", 2))
    assert (await memberships.find(creator, USER)).access is Access.CREATOR


async def test_the_database_itself_ends_the_grace(database: FreshDatabase) -> None:
    for age, member in ((GRACE - timedelta(minutes=1), True), (GRACE + timedelta(minutes=1), False)):
        creator = uuid4()
        await Memberships(database.app).save_check(creator, COMPANY, USER, Access.STUDENT, datetime.now(UTC) - age)
        assert await _is_member(database, creator) is member


async def test_a_stranger_makes_no_row_of_a_creator(database: FreshDatabase) -> None:
    creator = uuid4()
    await Memberships(database.app).save_check(creator, "biz_made_up", USER, Access.NONE, NOW)
    assert await database.scalar("SELECT count(*) FROM creators WHERE creator_id = $1", creator) == 0


async def test_a_membership_is_known_to_its_own_creator_only(database: FreshDatabase) -> None:
    mine, theirs = await _creator(database), await _creator(database)
    await _tell(database, _event(mine, "active", 0))
    assert (await Memberships(database.app).find(theirs, USER)).access is Access.NONE


async def test_an_event_and_an_answer_at_once_leave_no_wrong_yes(database: FreshDatabase) -> None:
    """The event ends the membership after the question: whoever writes first, the answer must not let the user in."""
    memberships = Memberships(database.app)
    for _ in range(20):
        creator = await _creator(database)
        await _tell(database, _event(creator, "active", 0))
        await asyncio.gather(
            memberships.save_check(creator, COMPANY, USER, Access.STUDENT, _at(5)),
            _tell(database, _event(creator, "cancelled", 6)),
        )
        assert not await _is_member(database, creator)


async def test_an_event_and_an_answer_about_one_user_do_not_wait_for_each_other_in_a_circle(
    database: FreshDatabase,
) -> None:
    """Who has just bought opens the page: Whop tells it while it is asked. PostgreSQL would end one of the two."""
    memberships, inbox = Memberships(database.app), WebhookInbox(database.app)
    for n in range(20):
        company, user = f"biz_{uuid4().hex[:12]}", f"user_{n}"
        creator = creator_id(company)
        await database.scalar("INSERT INTO creators (creator_id, name) VALUES ($1, 'somebody')", creator)
        event = WebhookEvent(
            id=f"msg_{uuid4().hex}",
            type="membership.activated",
            at=_at(0),
            company=company,
            change=_event(creator, "active", 0, user=user),
        )
        await asyncio.gather(
            inbox.accept(event), memberships.save_check(creator, company, user, Access.STUDENT, _at(5))
        )
