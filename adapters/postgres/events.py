"""Events accepted: key, change and order in one transaction, so that none is without the others."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from adapters.postgres.creators import ensure_creator
from adapters.postgres.memberships import change_membership
from adapters.postgres.outbox import add_order
from adapters.postgres.pool import Connection, Database
from adapters.postgres.quiz_requests import request_quiz
from adapters.postgres.transcript_edits import edit_transcript
from adapters.postgres.video_changes import delete_video, ensure_course
from schemas.errors import EventInvalid, IdempotencyKeyReused
from schemas.events import (
    Accepted,
    EventAnswer,
    MembershipChanged,
    PlatformEvent,
    QuizRequested,
    Receipt,
    TranscriptEdited,
    UploadCompleted,
    VideoDeleted,
)
from schemas.ids import process_video_workflow_id, video_id
from schemas.orders import OrderKind
from schemas.videos import VideoRef

MAX_KEY_LENGTH = 255  # what the common event senders allow (Stripe, Standard Webhooks)

# What an event does, given its key and its request's id.
_Effect = Callable[[Connection, Any, str, str], Awaitable[EventAnswer]]


class EventInbox:
    """Accepts platform events, each once, however often it is sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(self, key: str, event: PlatformEvent, request_id: str = "") -> Receipt:
        """Do what the event asks for, and return what that started; the same key again gets the first answer.

        Idempotent: the key's row is written first, so of a hundred calls at once one does it and the others wait for
        its commit and read its answer. The row has no expiry: it outlives Temporal's retention. An event that is
        refused leaves its key free.
        Raises: IdempotencyKeyReused where the key came with another event before; EventInvalid; VideoNotFound,
        StatusForbids, SegmentNotFound, RequestInvalid; DatabaseUnavailable.
        """
        async with self._database.as_creator(event.creator) as connection:
            return await self.accept_within(connection, key, event, request_id)

    async def accept_within(self, connection: Connection, key: str, event: PlatformEvent, request_id: str) -> Receipt:
        """The same, in a transaction of the creator's that ends with whatever else the caller does."""
        _check_key(key)
        await ensure_creator(connection, event.creator)
        if not await _claim(connection, event, key):
            first = await first_answer(connection, key, event)
            assert first is not None, "the claim met its row, and rows of this table are never deleted"
            return Receipt(answer=first, is_repeat=True)
        answer = await _EFFECTS[type(event)](connection, event, key, request_id)
        await _write_answer(connection, event.creator, key, answer)
        return Receipt(answer=answer, is_repeat=False)

    async def has_come(self, creator: UUID, key: str) -> bool:
        """Whether an event with this key was accepted, at whatever time and whatever became of it."""
        sql = "SELECT EXISTS (SELECT FROM idempotency_keys WHERE creator_id = $1 AND key = $2)"
        async with self._database.as_creator(creator) as connection:
            return bool(await connection.fetchval(sql, creator, key))

    async def accept_upload(self, key: str, event: UploadCompleted) -> Accepted:
        """The same where no request brought it, for who goes on with the video."""
        receipt = await self.accept(key, event)
        video = VideoRef(creator_id=event.creator, video_id=video_id(event.creator, key))
        story = process_video_workflow_id(video.creator_id, video.video_id)
        return Accepted(video=video, workflow_id=story, is_repeat=receipt.is_repeat)


def _check_key(key: str) -> None:
    if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise EventInvalid(f"an idempotency key has 1 to {MAX_KEY_LENGTH} printable characters")


def _checksum(event: PlatformEvent) -> str:
    return hashlib.sha256(event.model_dump_json().encode()).hexdigest()


async def _claim(connection: Connection, event: PlatformEvent, key: str) -> bool:
    # A second transaction with the same key waits here until the first commits or rolls back.
    sql = """INSERT INTO idempotency_keys (creator_id, key, body_sha256, answer) VALUES ($1, $2, $3, '{}')
             ON CONFLICT (creator_id, key) DO NOTHING"""
    return await connection.execute(sql, event.creator, key, _checksum(event)) == "INSERT 0 1"


async def _write_answer(connection: Connection, creator: UUID, key: str, answer: EventAnswer) -> None:
    sql = "UPDATE idempotency_keys SET answer = $3 WHERE creator_id = $1 AND key = $2"
    await connection.execute(sql, creator, key, answer.model_dump(mode="json"))


async def first_answer(connection: Connection, key: str, event: PlatformEvent) -> EventAnswer | None:
    """What the event was answered, if it has come before. Raises: IdempotencyKeyReused."""
    sql = "SELECT body_sha256, answer FROM idempotency_keys WHERE creator_id = $1 AND key = $2"
    row = await connection.fetchrow(sql, event.creator, key)
    if row is None:
        return None
    if row["body_sha256"] != _checksum(event):
        raise IdempotencyKeyReused(f"the key {key!r} was used before with another event")
    return EventAnswer.model_validate(row["answer"])


async def _upload(connection: Connection, event: UploadCompleted, key: str, request_id: str) -> EventAnswer:
    sql = """INSERT INTO videos (creator_id, id, course_id, title, object_key, url, workflow_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7)"""
    video = VideoRef(creator_id=event.creator, video_id=video_id(event.creator, key))
    story = process_video_workflow_id(video.creator_id, video.video_id)
    course = await ensure_course(connection, event.creator, event.course)
    await connection.execute(
        sql, video.creator_id, video.video_id, course, event.title, event.object_key, event.url, story
    )
    await add_order(connection, OrderKind.PROCESS_VIDEO, video, story, video, request_id)
    return EventAnswer(event=event.type, video_id=video.video_id, workflow_id=story)


async def _deletion(connection: Connection, event: VideoDeleted, _: str, request_id: str) -> EventAnswer:
    story = await delete_video(connection, event.creator, event.video_id, request_id)
    return EventAnswer(event=event.type, video_id=event.video_id, workflow_id=story)


async def _edit(connection: Connection, event: TranscriptEdited, _: str, request_id: str) -> EventAnswer:
    return await edit_transcript(connection, event, request_id)


async def _membership(connection: Connection, event: MembershipChanged, _: str, __: str) -> EventAnswer:
    await change_membership(connection, event.change)
    return EventAnswer(event=event.type)


_EFFECTS: dict[type[PlatformEvent], _Effect] = {
    UploadCompleted: _upload,
    VideoDeleted: _deletion,
    TranscriptEdited: _edit,
    QuizRequested: request_quiz,
    MembershipChanged: _membership,
}
