"""What whoever sells memberships tells comes late, twice and out of order; the newest of it holds."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from adapters.postgres.events import EventInbox
from schemas.events import MembershipChanged
from schemas.ids import student_id
from schemas.memberships import MembershipStatus
from tests.databases import FreshDatabase, queued_video

pytestmark = pytest.mark.servers

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _changed(creator: UUID, status: MembershipStatus, hours: float) -> MembershipChanged:
    return MembershipChanged(
        creator_id=creator,
        membership_id="mem_1",
        user_id="user_1",
        status=status,
        changed_at=NOON + timedelta(hours=hours),
    )


async def test_an_older_change_never_overrides_a_newer(database: FreshDatabase) -> None:
    creator, inbox = uuid4(), EventInbox(database.app)
    told = [(MembershipStatus.ACTIVE, 0), (MembershipStatus.CANCELLED, 2), (MembershipStatus.ACTIVE, 1)]
    for n, (status, hours) in enumerate(told):
        await inbox.accept(f"key-{n}", _changed(creator, status, hours))
    rows = await database.rows("SELECT status, changed_at FROM memberships WHERE creator_id = $1", creator)
    assert [tuple(row) for row in rows] == [("cancelled", NOON + timedelta(hours=2))]


async def test_a_membership_opens_and_closes_what_is_published(database: FreshDatabase) -> None:
    video, inbox = await queued_video(database.app), EventInbox(database.app)
    await database.scalar("UPDATE videos SET published = true WHERE id = $1", video.video_id)
    student = student_id(video.creator_id, "user_1")
    for hours, (status, seen) in enumerate([(MembershipStatus.ACTIVE, 1), (MembershipStatus.PAST_DUE, 0)]):
        receipt = await inbox.accept(f"member-{hours}", _changed(video.creator_id, status, hours))
        assert receipt.answer.workflow_id is None
        async with database.app.as_student(video.creator_id, student) as connection:
            assert len(await connection.fetch("SELECT id FROM videos")) == seen
