"""Reads that many repeat, through the cache; and what a write makes them forget.

The database decides what a caller may see, at the moment of loading and as that caller. What it showed to one of a
creator's students it shows to every member, so members share what is remembered; whether a student is a member is
remembered for itself, for five minutes at most.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from pydantic import TypeAdapter

from adapters.postgres.chats import PostgresChats
from adapters.postgres.creators import settings_of
from adapters.postgres.library import Library
from adapters.postgres.memberships import Memberships
from adapters.postgres.pool import Database
from adapters.redis.cache import Cache
from adapters.redis.keys import CHAT_CONTEXT, CREATOR_SETTINGS, MEMBERSHIP, VIDEO, CacheKey
from schemas.callers import Caller
from schemas.chats import ChatContext
from schemas.creators import CreatorSettings
from schemas.errors import VideoNotFound
from schemas.ids import video_tag
from schemas.library import VideoDetail
from starters.library import describe

MEMBERS = "members"
SETTINGS = "settings"
_DETAIL, _BOOLEAN = TypeAdapter(VideoDetail), TypeAdapter(bool)
_CONTEXT, _SETTINGS = TypeAdapter(ChatContext), TypeAdapter(CreatorSettings)


class _StillChanging(Exception):
    def __init__(self, detail: VideoDetail) -> None:
        self.detail = detail


class Remembered:
    """One a process."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def video(self, caller: Caller, video_id: UUID) -> VideoDetail:
        """A video's page. Only what has ended is remembered: the rest changes by the second.

        Raises: VideoNotFound.
        """
        if caller.student_id is not None and not await self._is_member(caller):
            raise VideoNotFound(f"there is no video {video_id}")

        async def load() -> VideoDetail:
            detail = describe(await Library(self._database).find(caller, video_id))
            if not detail.status.is_final:
                raise _StillChanging(detail)
            return detail

        name = f"{video_id}/{caller.role}"
        try:
            return await self._cache.get_model(
                CacheKey(VIDEO, caller.creator, name, (video_tag(video_id),)), _DETAIL, load
            )
        except _StillChanging as still:
            return still.detail

    async def rendered(self, creator: UUID, video_id: UUID, version: str, render: Callable[[], Awaitable[str]]) -> str:
        """What was made of the video at this version, which the database has just shown to the caller.

        A part of a transcript has a version too, so it may be remembered while the video is in work.
        """
        key = CacheKey(VIDEO, creator, f"{video_id}/{version}", (video_tag(video_id),))

        async def load() -> bytes:
            return (await render()).encode()

        return (await self._cache.get(key, load)).decode()

    async def settings(self, creator: UUID) -> CreatorSettings:
        """What the creator chose."""
        key = CacheKey(CREATOR_SETTINGS, creator, "settings", (SETTINGS,))
        return await self._cache.get_model(key, _SETTINGS, lambda: settings_of(self._database, creator))

    async def chat_context(self, caller: Caller, session_id: UUID) -> ChatContext:
        """What was said lately in the session; whose it is, the context says. Raises: ChatNotFound."""
        chats = PostgresChats(self._database)
        key = _context_key(caller, session_id)
        return await self._cache.get_model(key, _CONTEXT, lambda: chats.context(caller, session_id))

    async def forget_chat_context(self, caller: Caller, session_id: UUID) -> None:
        """After a message was stored."""
        await self._cache.invalidate(_context_key(caller, session_id))

    async def forget_video(self, creator: UUID, video_id: UUID) -> None:
        """After the video changed."""
        await self._cache.invalidate_tag(creator, video_tag(video_id))

    async def forget_members(self, creator: UUID) -> None:
        """After a membership of the creator's changed."""
        await self._cache.invalidate_tag(creator, MEMBERS)

    async def _is_member(self, caller: Caller) -> bool:
        key = CacheKey(MEMBERSHIP, caller.creator, str(caller.person), (MEMBERS,))
        return await self._cache.get_model(key, _BOOLEAN, lambda: Memberships(self._database).is_member(caller))


def _context_key(caller: Caller, session_id: UUID) -> CacheKey:
    # Whoever asks is in the name: one who guesses a session's id finds nothing that another's question left there.
    return CacheKey(CHAT_CONTEXT, caller.creator, f"{caller.person}/{session_id}")
