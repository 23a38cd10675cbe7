"""Events accepted: idempotency row, video and outbox row in one transaction, so that none is without the others."""

import hashlib
from uuid import UUID

from adapters.postgres.pool import Connection, Database
from schemas.errors import EventInvalid, IdempotencyKeyReused
from schemas.events import Accepted, UploadCompleted
from schemas.ids import course_id, process_video_workflow_id, video_id
from schemas.videos import VideoRef

MAX_KEY_LENGTH = 255  # what the common event senders allow (Stripe, Standard Webhooks)


class EventInbox:
    """Accepts platform events, each once, however often it is sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept_upload(self, key: str, event: UploadCompleted) -> Accepted:
        """Make the video and the order to process it; the same key again gets the first answer.

        Idempotent: the key's row is written first, so of a hundred calls at once one makes the video and the others
        wait for its commit and read its answer. The row has no expiry: it outlives Temporal's retention.
        Raises: IdempotencyKeyReused where the key came with another event before; EventInvalid; DatabaseUnavailable.
        """
        async with self._database.as_creator(event.creator_id) as connection:
            return await self.accept_within(connection, key, event)

    async def accept_within(self, connection: Connection, key: str, event: UploadCompleted) -> Accepted:
        """As `accept_upload`, in a transaction of the creator's that ends with whatever else the caller does."""
        _check_key(key)
        body = hashlib.sha256(event.model_dump_json().encode()).hexdigest()
        answer = _answer(key, event)
        await ensure_creator(connection, event.creator_id)
        if not await _claim(connection, event.creator_id, key, body, answer):
            return await _first_answer(connection, event.creator_id, key, body)
        await _insert_video(connection, event, answer)
        await _insert_order(connection, answer)
        return answer


def _check_key(key: str) -> None:
    if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise EventInvalid(f"an idempotency key has 1 to {MAX_KEY_LENGTH} printable characters")


def _answer(key: str, event: UploadCompleted) -> Accepted:
    video = VideoRef(creator_id=event.creator_id, video_id=video_id(event.creator_id, key))
    return Accepted(video=video, workflow_id=process_video_workflow_id(video.creator_id, video.video_id))


async def ensure_creator(connection: Connection, creator: UUID) -> None:
    """The creator's row; whoever comes first is let in."""
    sql = "INSERT INTO creators (creator_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    await connection.execute(sql, creator, str(creator))


async def _claim(connection: Connection, creator: UUID, key: str, body: str, answer: Accepted) -> bool:
    # A second transaction with the same key waits here until the first commits or rolls back.
    sql = """INSERT INTO idempotency_keys (creator_id, key, body_sha256, answer) VALUES ($1, $2, $3, $4)
             ON CONFLICT (creator_id, key) DO NOTHING"""
    claimed = await connection.execute(sql, creator, key, body, answer.model_dump(mode="json"))
    return claimed == "INSERT 0 1"


async def _first_answer(connection: Connection, creator: UUID, key: str, body: str) -> Accepted:
    sql = "SELECT body_sha256, answer FROM idempotency_keys WHERE creator_id = $1 AND key = $2"
    row = await connection.fetchrow(sql, creator, key)
    assert row is not None, "the claim met this row, and rows of this table are never deleted"
    if row["body_sha256"] != body:
        raise IdempotencyKeyReused(f"the key {key!r} was used before with another event")
    return Accepted.model_validate(row["answer"] | {"is_repeat": True})


async def _insert_video(connection: Connection, event: UploadCompleted, answer: Accepted) -> None:
    sql = """INSERT INTO videos (creator_id, id, course_id, title, object_key, url, workflow_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7)"""
    course = await _ensure_course(connection, event)
    video = answer.video
    await connection.execute(
        sql, video.creator_id, video.video_id, course, event.title, event.object_key, event.url, answer.workflow_id
    )


async def _ensure_course(connection: Connection, event: UploadCompleted) -> UUID | None:
    if event.course is None:
        return None
    sql = "INSERT INTO courses (creator_id, id, title) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    key = course_id(event.creator_id, event.course)
    await connection.execute(sql, event.creator_id, key, event.course)
    return key


async def _insert_order(connection: Connection, answer: Accepted) -> None:
    sql = """INSERT INTO outbox (creator_id, id, kind, workflow_id, payload) VALUES ($1, $2, 'process-video', $3, $4)"""
    video = answer.video
    await connection.execute(sql, video.creator_id, video.video_id, answer.workflow_id, video.model_dump(mode="json"))
