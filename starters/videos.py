"""Submitting lectures, each once: the same bytes, or the same address, are the same video for ever."""

import asyncio
import hashlib
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from pydantic import ValidationError

from activities.ports import ObjectStore
from adapters.postgres.events import EventInbox
from adapters.postgres.videos import VideoReader
from schemas.base import Frozen
from schemas.errors import (
    DownloadTooLarge,
    EventInvalid,
    FileNotReadable,
    IdempotencyKeyReused,
    LectureDeleted,
    UrlRefused,
    VideoNotFound,
)
from schemas.events import UploadCompleted
from schemas.ids import object_key, text_sha256, video_id
from schemas.texts import title_of
from schemas.videos import Video, VideoRef
from schemas.words import plain_text

OnBytes = Callable[[int, int], None]  # bytes read so far, and all of them; must return at once

_BLOCK_BYTES = 16 << 20  # 10 ms of hashing: between blocks the work can be cancelled
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_ID_DIGITS = re.compile(r"[0-9a-f-]{1,36}")


@dataclass(frozen=True)
class LectureFile:
    """A file that was read once, for its checksum."""

    path: Path
    sha256: str
    bytes: int
    modified_ns: int

    @property
    def key(self) -> str:
        """The event's key."""
        return self.sha256

    @property
    def title(self) -> str:
        return title_of(self.path.stem)


@dataclass(frozen=True)
class LectureUrl:
    """An https address, to be fetched by a worker."""

    url: str

    @property
    def key(self) -> str:
        """The event's key: of any length, like an address, it would not fit."""
        return f"url:{text_sha256(self.url)}"

    @property
    def title(self) -> str:
        """The name of the file at its end, else the host."""
        parts = urlsplit(self.url)
        return title_of(Path(unquote(parts.path)).stem, parts.netloc)


Lecture = LectureFile | LectureUrl


class Submitted(Frozen):
    """The video, and whether it had been submitted before."""

    video: VideoRef
    is_repeat: bool


class Submissions:
    """Turns lectures into videos that are to be processed."""

    def __init__(self, reader: VideoReader, inbox: EventInbox, store: ObjectStore) -> None:
        self._reader = reader
        self._inbox = inbox
        self._store = store

    async def submit_file(
        self, creator: UUID, file: LectureFile, title: str | None = None, course: str | None = None
    ) -> Submitted:
        """Keep the bytes and order the processing; a file of the same bytes gets its first video, whatever its title.

        Idempotent: keyed by the file's checksum, in the store as in the database. Bytes that were stored before the
        event was refused stay: the next try finds them.
        Raises: FileNotReadable where the file changed since it was read; LectureDeleted; EventInvalid,
        StoreUnavailable.
        """
        if known := await self._known(creator, file):
            return known
        key = object_key(creator, file.sha256, _suffix(file.path))
        event = _event(creator, title or file.title, course, object_key=key)
        await self._store.put(key, file.path)
        _, size, modified = await asyncio.to_thread(_look, file.path)
        if (size, modified) != (file.bytes, file.modified_ns):
            raise FileNotReadable(f"{_shown(file.path)} changed while it was read")
        return await self._accept(file, event)

    async def submit_url(
        self, creator: UUID, lecture: LectureUrl, title: str | None = None, course: str | None = None
    ) -> Submitted:
        """Order the processing of what is at the address; nothing is fetched here.

        Idempotent: keyed by the address. Raises: LectureDeleted; EventInvalid, StoreUnavailable.
        """
        if known := await self._known(creator, lecture):
            return known
        return await self._accept(lecture, _event(creator, title or lecture.title, course, url=lecture.url))

    async def _known(self, creator: UUID, lecture: Lecture) -> Submitted | None:
        has_come = await self._inbox.has_come(creator, lecture.key)
        with suppress(VideoNotFound):
            video = await self._reader.find(creator, video_id(creator, lecture.key))
            return Submitted(video=video.ref, is_repeat=True)
        if has_come:  # its video was made in the same transaction, so only a deletion hides it
            raise LectureDeleted(f"{plain_text(lecture.title)} was deleted")
        return None

    async def _accept(self, lecture: Lecture, event: UploadCompleted) -> Submitted:
        try:
            accepted = await self._inbox.accept_upload(lecture.key, event)
        except IdempotencyKeyReused:  # somebody submitted it at the same time, under another title
            known = await self._known(event.creator, lecture)
            if known is None:
                raise
            return known
        return Submitted(video=accepted.video, is_repeat=accepted.is_repeat)


async def read_file(path: Path, max_bytes: int, on_bytes: OnBytes = lambda _done, _total: None) -> LectureFile:
    """The file's checksum, computed off the event loop. Raises: FileNotReadable, DownloadTooLarge."""
    try:
        mode, total, modified = await asyncio.to_thread(_look, path)
        _check(path, mode, total, max_bytes)
        digest, done = hashlib.sha256(), 0
        with await asyncio.to_thread(path.open, "rb") as file:
            while block := await asyncio.to_thread(file.read, _BLOCK_BYTES):
                await asyncio.to_thread(digest.update, block)
                done += len(block)
                on_bytes(done, total)
    except OSError as error:
        raise FileNotReadable(f"{_shown(path)} cannot be read: {os.strerror(error.errno or 0)}") from error
    return LectureFile(path, digest.hexdigest(), total, modified)


def read_url(url: str) -> LectureUrl:
    """Raises: UrlRefused for what is no https address; whether its host is public is for the downloader to say."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme.lower() == "https" and bool(parts.hostname) and url.isprintable()
    except ValueError:  # brackets that hold no IPv6 address
        fine = False
    if not fine:
        raise UrlRefused(f"{plain_text(url)} is no https address")
    return LectureUrl(url)


def is_url(text: str) -> bool:
    """Whether a person meant an address, be it one that we take or not."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


async def find_video(reader: VideoReader, creator: UUID, named: str, max_bytes: int) -> Video:
    """The video that a person names by its id, the id's first digits, or the file or address that was processed.

    Raises: VideoNotFound, also where the digits begin more than one id; FileNotReadable, UrlRefused.
    """
    if is_url(named):
        return await reader.find(creator, video_id(creator, read_url(named).key))
    if await asyncio.to_thread(Path(named).is_file):
        file = await read_file(Path(named), max_bytes)
        try:
            return await reader.find(creator, video_id(creator, file.key))
        except VideoNotFound:
            raise VideoNotFound(f"{_shown(file.path)} has not been processed") from None
    digits = named.lower()
    found = await reader.starting_with(creator, digits) if _ID_DIGITS.fullmatch(digits) else []
    if len(found) > 1:
        raise VideoNotFound(f"more than one video's id begins with {digits}: give more of it")
    if not found:
        raise VideoNotFound(f"there is no video {plain_text(named)}")
    return found[0]


def _event(
    creator: UUID, title: str, course: str | None, *, object_key: str | None = None, url: str | None = None
) -> UploadCompleted:
    try:
        return UploadCompleted(
            creator_id=creator, title=plain_text(title), course=course, object_key=object_key, url=url
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise EventInvalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _look(path: Path) -> tuple[int, int, int]:
    """Mode, size in bytes, and when it was last changed."""
    found = path.stat()
    return found.st_mode, found.st_size, found.st_mtime_ns


def _check(path: Path, mode: int, size: int, max_bytes: int) -> None:
    if not stat.S_ISREG(mode):
        raise FileNotReadable(f"{_shown(path)} is {'a folder' if stat.S_ISDIR(mode) else 'no file'}")
    if size == 0:
        raise FileNotReadable(f"{_shown(path)} is empty")
    if size > max_bytes:
        raise DownloadTooLarge(f"{_shown(path)} has {size / 1e9:.1f} GB; the limit is {max_bytes / 1e9:.1f} GB")


def _suffix(path: Path) -> str:
    """The name's own ending where it is a plain one: it only helps who looks into the store."""
    suffix = path.suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def _shown(path: Path) -> str:
    return title_of(str(path))
