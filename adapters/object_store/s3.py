"""Content-addressed bytes in any store that speaks S3."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from adapters.object_store.keys import checked, missing, translated, whole
from schemas.errors import FileNotReadable, ObjectStoreUnavailable
from schemas.media import media_type

if TYPE_CHECKING:  # these are only in obstore's stubs
    from obstore.store import ClientConfig, RetryConfig, S3Config

_PART_BYTES = 16 << 20  # S3 takes 10,000 parts of a file: 160 GB, eight times the largest video
_PARTS_AT_ONCE = 2  # times the part's size is the memory of one upload
_CONNECT_TIMEOUT = timedelta(seconds=5)
_REQUEST_TIMEOUT = timedelta(seconds=60)  # one part each way: 0.3 MB/s


class S3ObjectStore:
    """A bucket, or a prefix of one, at Amazon or at any endpoint that speaks S3.

    Raises: FileNotReadable for a key that is not there or could not be; ObjectStoreUnavailable for all that the store
    or the way to it does, wrong keys included: no work is lost while an operator mends them; StorageFull of this disk.
    """

    def __init__(self, bucket: str, prefix: str, endpoint: str, region: str, key_id: str, secret: str) -> None:
        """An empty `key_id` leaves the credentials to the machine's role."""
        config: S3Config = {"region": region, "virtual_hosted_style_request": False}
        if endpoint:
            config["endpoint"] = endpoint
        if key_id:
            config |= {"access_key_id": key_id, "secret_access_key": secret}
        client: ClientConfig = {
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": _CONNECT_TIMEOUT,
            "timeout": _REQUEST_TIMEOUT,
        }
        # Temporal is the only one that retries.
        retries: RetryConfig = {"max_retries": 0, "retry_timeout": timedelta()}
        self._store = S3Store(bucket, prefix=prefix or None, config=config, client_options=client, retry_config=retries)

    async def put(self, key: str, path: Path) -> None:
        """In parts of 16 MB, two at once; a repeat of what is there sends nothing."""
        checked(key)
        if await self.size(key) == await asyncio.to_thread(lambda: path.stat().st_size):
            return
        async with _reachable(key):
            await obstore.put_async(self._store, key, path, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)

    async def write(self, key: str, content: bytes) -> None:
        """See `Store`."""
        checked(key)
        async with _reachable(key):
            await obstore.put_async(self._store, key, content, use_multipart=False)

    async def pour(self, key: str, blocks: AsyncIterator[bytes]) -> None:
        """See `Store`."""
        checked(key)
        async with _reachable(key):
            await obstore.put_async(
                self._store,
                key,
                blocks,
                attributes={"Content-Type": media_type(key)},  # the bucket's own addresses say it
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )

    async def remove(self, key: str) -> None:
        """See `Store`."""
        async with _reachable(key):
            await obstore.delete_async(self._store, checked(key))

    async def remove_below(self, prefix: str) -> None:
        """See `Store`."""
        async with _reachable(prefix):
            async for found in obstore.list(self._store, checked(prefix)):
                await obstore.delete_async(self._store, [item["path"] for item in found])

    async def sign(self, key: str, seconds: int) -> str | None:
        """See `Store`."""
        async with _reachable(key):
            return await obstore.sign_async(self._store, "GET", checked(key), timedelta(seconds=seconds))

    async def fetch(self, key: str, target: Path) -> None:
        """In parts, each a request of its own, so that no time-out must cover the whole file."""
        size = await self.size(key)
        if size is None:
            raise missing(key)
        aside = target.with_name(f".{target.name}.fetch")
        try:
            with translated(key):
                file = await asyncio.to_thread(aside.open, "wb")
                with file:
                    for start in range(0, size, _PART_BYTES):
                        part = await self.read(key, start, min(_PART_BYTES, size - start))
                        await asyncio.to_thread(file.write, part)
                aside.replace(target)
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)

    async def read(self, key: str, start: int, length: int) -> bytes:
        """See `ObjectStore`."""
        checked(key)
        if length == 0:
            return b""
        async with _reachable(key):
            found = bytes(await obstore.get_range_async(self._store, key, start=start, length=length))
        return whole(found, key, start, length)

    async def size(self, key: str) -> int | None:
        """See `ObjectStore`."""
        checked(key)
        try:
            async with _reachable(key):
                return int((await obstore.head_async(self._store, key))["size"])
        except FileNotReadable:
            return None


@asynccontextmanager
async def _reachable(key: str) -> AsyncIterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        # obstore has classes for few answers; the rest is in its text, which holds the server's whole answer.
        if "NoSuchBucket" not in str(error) and (isinstance(error, FileNotFoundError) or "416 Range" in str(error)):
            raise missing(key) from error
        raise ObjectStoreUnavailable(f"the object store could not be used ({type(error).__name__})") from error
