"""A file on its way in: pieces to the object store, each acknowledged when it is safe, and at the end one video."""

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

from adapters.object_store import Store
from adapters.postgres.uploads import PostgresUploads
from schemas.errors import (
    ChecksumMismatch,
    MentoraError,
    NotFound,
    RequestInvalid,
    RequestTooLarge,
    TookTooLong,
    UploadConflict,
    UploadExpired,
)
from schemas.uploads import NewUpload, Upload, UploadPart, pieces_prefix, upload_prefix

ALGORITHMS = ("sha1", "sha256", "md5")  # sha1 is the protocol's; all three are against accidents, not against attacks
_PIECE_BYTES = 8 << 20  # what one upload has in memory; 20 GB are 2,400 of them
_SMALL_BYTES = 16 << 10  # a piece below it is held to a bound, unless it is the last
_SMALL_PIECES = 1_000  # so many pieces an upload may have, and one more for each 16 KiB of it that are here
_PIECE_SECONDS = 10.0  # a slow client's bytes are made safe as often
_IDLE_SECONDS = 60.0
_LIFE_SECONDS = 2 * 86_400.0  # from the last piece on
_MOST_OPEN = 100  # of a creator: each may hold room of its whole length for as long as it lives
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checksum:
    """What the bytes of one request must be; `algorithm` is one of `ALGORITHMS`."""

    algorithm: str
    digest: bytes


class Uploads:
    """Takes files in, through any number of processes. Seconds are those of a client that sends nothing."""

    def __init__(
        self,
        rows: PostgresUploads,
        store: Store,
        idle_seconds: float = _IDLE_SECONDS,
        most_open: int = _MOST_OPEN,
    ) -> None:
        """`most_open`: how many unfinished uploads a creator may have."""
        self._rows = rows
        self._store = store
        self._idle_seconds = idle_seconds
        self._most_open = most_open

    async def begin(self, new: NewUpload) -> Upload:
        """Twice is once. Raises: TooManyUploads; IdempotencyKeyReused."""
        await self._rows.begin(new, _LIFE_SECONDS, self._most_open)
        return await self.find(new.creator_id, new.id)

    async def find(self, creator: UUID, upload: UUID) -> Upload:
        """Raises: NotFound; UploadExpired."""
        found = await self._rows.find(creator, upload)
        if found.is_expired:
            raise UploadExpired(f"the upload {upload} has expired")
        return found

    async def receive(
        self, upload: Upload, body: AsyncIterator[bytes], request_id: str, checksum: Checksum | None = None
    ) -> Upload:
        """Add the body to what is there; the last byte makes the video before it is acknowledged.

        `request_id` is the one that the video's story bears, where this request makes it.

        Idempotent: where the last piece comes again because its answer was lost, nothing is stored twice.
        Raises: UploadConflict where another request was quicker; RequestTooLarge; ChecksumMismatch; TookTooLong for a
        client that sends nothing; StorageFull. What was acknowledged before stays in every case.
        """
        if upload.is_whole:
            async for _ in _pieces(body, upload.length - upload.offset, self._idle_seconds):
                pass
        else:
            await self._store_pieces(upload, body, checksum)
        return await self._finish(await self.find(upload.creator_id, upload.id), request_id)

    async def end(self, creator: UUID, upload: UUID) -> None:
        """Forget the upload and its bytes. A video that was made of it stays. Raises: NotFound.

        Where the store is away it has expired all the same, and the bytes are removed by the sweeper, or by a repeat.
        """
        became_video = await self._rows.end(creator, upload)
        prefix = pieces_prefix if became_video else upload_prefix
        # The row goes last: without it nobody would find bytes that could not be removed.
        await self._store.remove_below(prefix(creator, upload))
        await self._rows.forget(creator, upload)

    async def sweep(self) -> int:
        """End what has expired, of all creators, a hundred at most; return how many. Twice is once."""
        expired = await self._rows.expired()
        for creator, upload in expired:
            with suppress(NotFound):  # another process was quicker
                await self.end(creator, upload)
        return len(expired)

    async def _finish(self, upload: Upload, request_id: str) -> Upload:
        """Where all bytes are here and there is no video yet: make one file of the pieces, then the video."""
        if not upload.is_whole or upload.video_id is not None:
            return upload
        try:
            if await self._store.size(upload.object_key) != upload.length:
                await self._store.pour(upload.object_key, self._content(upload))
            await self._rows.complete(upload, request_id)
        except (NotFound, UploadExpired):
            # It was ended under our hands, and whoever did that may have removed its bytes before this file was there.
            if not await self._rows.is_in_use(upload):
                await self._store.remove(upload.object_key)
            raise
        except MentoraError:
            # Another request may have made the video first and removed the pieces under our hands.
            if (found := await self.find(upload.creator_id, upload.id)).video_id is None:
                raise
            return found
        await self._remove_pieces(upload)
        return await self.find(upload.creator_id, upload.id)

    async def _store_pieces(self, upload: Upload, body: AsyncIterator[bytes], checksum: Checksum | None) -> None:
        """With a checksum all of the body or nothing of it, else as far as it came."""
        if checksum is None:
            async for part, _ in self._stored(upload, body):
                await self._acknowledge(upload, [part])
            return
        digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
        parts: list[UploadPart] = []
        try:
            async for part, piece in self._stored(upload, body):
                parts.append(part)
                await asyncio.to_thread(digest.update, piece)
            _compare(digest.digest(), checksum)
        except BaseException:  # nothing of it is acknowledged: the client sends all of it again
            await self._remove(parts)
            raise
        if parts:
            await self._acknowledge(upload, parts)

    async def _stored(self, upload: Upload, body: AsyncIterator[bytes]) -> AsyncIterator[tuple[UploadPart, bytes]]:
        """The pieces of the body, each safe in the store."""
        at, folder = upload.received, pieces_prefix(upload.creator_id, upload.id)
        async for piece in _pieces(body, upload.length - at, self._idle_seconds):
            if len(piece) < _SMALL_BYTES and at + len(piece) < upload.length:
                await self._bound_small_pieces(upload, at)
            # A name of its own: what a request that lost the race still writes must not lie under the winner's name.
            part = UploadPart(start=at, bytes=len(piece), object_key=f"{folder}/{at}-{uuid4().hex}")
            await self._store.write(part.object_key, piece)
            at += len(piece)
            yield part, piece

    async def _bound_small_pieces(self, upload: Upload, received: int) -> None:
        """Requests of an upload are not counted: one of a byte each would be an object and a row for every byte."""
        if await self._rows.pieces(upload) >= _SMALL_PIECES + received // _SMALL_BYTES:
            raise RequestInvalid(f"the upload has too many small pieces: send at least {_SMALL_BYTES} bytes at once")

    async def _acknowledge(self, upload: Upload, parts: list[UploadPart]) -> None:
        if not await self._rows.add(upload, parts, _LIFE_SECONDS):
            await self._remove(parts)
            raise UploadConflict("another request has sent these bytes, or ended the upload")

    async def _remove(self, parts: list[UploadPart]) -> None:
        for part in parts:
            await self._store.remove(part.object_key)

    async def _content(self, upload: Upload) -> AsyncIterator[bytes]:
        """All of it, or an error: a file that lacks a piece must not take the place of the whole one."""
        at = 0
        async for part in self._rows.parts(upload):
            yield await self._store.read(part.object_key, 0, part.bytes)
            at += part.bytes
        if at != upload.length:
            raise UploadConflict("another request has ended the upload")

    async def _remove_pieces(self, upload: Upload) -> None:
        """The video is made already: pieces that cannot be removed now cost room and nothing else."""
        try:
            await self._store.remove_below(pieces_prefix(upload.creator_id, upload.id))
        except MentoraError as error:
            _LOGGER.warning("the pieces of upload %s stay until they are swept: %s", upload.id, error.code)


def _compare(digest: bytes, checksum: Checksum) -> None:
    if not hmac.compare_digest(digest, checksum.digest):
        raise ChecksumMismatch(f"the {checksum.algorithm} of what came is another")


async def _pieces(body: AsyncIterator[bytes], room: int, idle_seconds: float) -> AsyncIterator[bytes]:
    """The body in pieces of about 8 MB. Where the client falls silent, what it sent comes out first.

    Raises: RequestTooLarge where more comes than there is room for; TookTooLong.
    """
    held, began, is_idle = bytearray(), time.monotonic(), False
    while True:
        try:
            block = await asyncio.wait_for(anext(body), idle_seconds)
        except StopAsyncIteration:
            break
        except TimeoutError:
            is_idle = True
            break
        room -= len(block)
        if room < 0:
            raise RequestTooLarge("more bytes came than the upload's length leaves room for")
        held += block
        if len(held) >= _PIECE_BYTES or (held and time.monotonic() - began > _PIECE_SECONDS):
            yield bytes(held)
            held.clear()
            began = time.monotonic()
    if held:
        yield bytes(held)
    if is_idle:
        raise TookTooLong(f"nothing came for {idle_seconds:.0f} s; what came before is kept")
