"""Content-addressed bytes in a folder, or in any store that speaks S3."""

import asyncio
import errno
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from adapters.settings import Settings
from schemas.errors import FileNotReadable, ObjectStoreUnavailable, SettingsInvalid, StorageFull

if TYPE_CHECKING:  # these are only in obstore's stubs
    from obstore.store import ClientConfig, RetryConfig, S3Config

# Whoever sends an event chooses its key, so it is held to plain names: no way up, no empty part, nothing hidden.
_KEY = re.compile(r"(?=.{1,500}\Z)[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,254}(/[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,254})*\Z")
_PART_BYTES = 16 << 20  # S3 takes 10,000 parts of a file: 160 GB, eight times the largest video
_PARTS_AT_ONCE = 2  # times the part's size is the memory of one upload
_CONNECT_TIMEOUT = timedelta(seconds=5)
_REQUEST_TIMEOUT = timedelta(seconds=60)  # one part each way: 0.3 MB/s
_ASIDE = ".put-"
_ABANDONED_SECONDS = 86_400  # nobody writes a file for a day
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Store(Protocol):
    """What both give; see `ObjectStore` in `activities/ports.py`."""

    async def put(self, key: str, path: Path) -> None: ...

    async def fetch(self, key: str, target: Path) -> None: ...

    async def read(self, key: str, start: int, length: int) -> bytes: ...

    async def size(self, key: str) -> int | None: ...

    async def remove(self, key: str) -> None: ...


class LocalObjectStore:
    """A folder. A file appears under its key only when all its bytes are on the disk.

    Raises: FileNotReadable for a key that is not there or could not be; StorageFull; ObjectStoreUnavailable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    async def put(self, key: str, path: Path) -> None:
        """Copy the file, also where a link would do: the caller's file may be changed by its owner."""
        target = self._path(key)
        with _translated(key):
            await asyncio.to_thread(self._put, target, path)

    def _put(self, target: Path, path: Path) -> None:
        if target.exists() and target.stat().st_size == path.stat().st_size:
            return
        _make_folder(target.parent)
        _remove_abandoned(target.parent)
        handle, name = mkstemp(prefix=_ASIDE, dir=target.parent)
        os.close(handle)
        try:
            shutil.copyfile(path, name)
            Path(name).chmod(0o444)  # `fetch` hands out links to it
            _sync(Path(name))
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
        _sync(target.parent)

    async def fetch(self, key: str, target: Path) -> None:
        """A hard link where the file systems are the same, else a copy."""
        source = self._path(key)
        with _translated(key):
            await asyncio.to_thread(_link_or_copy, source, target)

    async def read(self, key: str, start: int, length: int) -> bytes:
        """See `ObjectStore`."""
        path = self._path(key)
        with _translated(key):
            found = await asyncio.to_thread(_read, path, start, length)
        return _whole(found, key, start, length)

    async def size(self, key: str) -> int | None:
        """See `ObjectStore`."""
        path = self._path(key)
        with _translated(key):
            return await asyncio.to_thread(lambda: path.stat().st_size if path.is_file() else None)

    async def remove(self, key: str) -> None:
        """The name goes; links that `fetch` handed out stay with who reads them."""
        path = self._path(key)
        with _translated(key):
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / _checked(key)


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
        _checked(key)
        if await self.size(key) == await asyncio.to_thread(lambda: path.stat().st_size):
            return
        async with _reachable(key):
            await obstore.put_async(self._store, key, path, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)

    async def fetch(self, key: str, target: Path) -> None:
        """In parts, each a request of its own, so that no time-out must cover the whole file."""
        size = await self.size(key)
        if size is None:
            raise _missing(key)
        aside = target.with_name(f".{target.name}.fetch")
        try:
            with _translated(key):
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
        _checked(key)
        if length == 0:
            return b""
        async with _reachable(key):
            found = bytes(await obstore.get_range_async(self._store, key, start=start, length=length))
        return _whole(found, key, start, length)

    async def size(self, key: str) -> int | None:
        """See `ObjectStore`."""
        _checked(key)
        try:
            async with _reachable(key):
                return int((await obstore.head_async(self._store, key))["size"])
        except FileNotReadable:
            return None

    async def remove(self, key: str) -> None:
        """See `ObjectStore`."""
        _checked(key)
        with suppress(FileNotReadable):
            async with _reachable(key):
                await obstore.delete_async(self._store, key)


def open_object_store(settings: Settings) -> Store:
    """The store that `MENTORA_OBJECT_STORE_URL` names. Raises: SettingsInvalid."""
    url = urlsplit(settings.object_store_url)
    if not settings.object_store_url:
        return LocalObjectStore(settings.home_path / "objects")
    if url.scheme == "file" and not url.netloc and url.path.startswith("/"):
        return LocalObjectStore(Path(unquote(url.path)))
    if url.scheme == "s3" and url.netloc:
        return S3ObjectStore(
            url.netloc,
            url.path.strip("/"),
            settings.s3_endpoint,
            settings.s3_region,
            settings.s3_access_key_id.get_secret_value(),
            settings.s3_secret_access_key.get_secret_value(),
        )
    raise SettingsInvalid("MENTORA_OBJECT_STORE_URL: write file:///folder or s3://bucket/prefix")


def _checked(key: str) -> str:
    if not _KEY.match(key):
        raise FileNotReadable(f"{key[:100]!r} cannot be a key of the object store")
    return key


def _missing(key: str) -> FileNotReadable:
    return FileNotReadable(f"the object store holds nothing under {key}")


def _whole(found: bytes, key: str, start: int, length: int) -> bytes:
    if len(found) != length:
        raise FileNotReadable(f"{key} has no {length} bytes from byte {start}")
    return found


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise _missing(key) from error
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull("the disk of the object store is full") from error
        raise ObjectStoreUnavailable(f"the object store's disk failed: {error.strerror}") from error


@asynccontextmanager
async def _reachable(key: str) -> AsyncIterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        # obstore has classes for few answers; the rest is in its text, which holds the server's whole answer.
        if "NoSuchBucket" not in str(error) and (isinstance(error, FileNotFoundError) or "416 Range" in str(error)):
            raise _missing(key) from error
        raise ObjectStoreUnavailable(f"the object store could not be used ({type(error).__name__})") from error


def _make_folder(folder: Path) -> None:
    """Make it and what is above it, each on the disk: a file in a folder that a power cut takes is lost with it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _remove_abandoned(folder: Path) -> None:
    """What a worker that was killed while it wrote left behind."""
    for path in folder.glob(f"{_ASIDE}*"):
        with suppress(FileNotFoundError):  # its writer was alive after all
            if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                path.unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        # Another file system; a file system without links; or Linux's protected_hardlinks, for another owner's file.
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EACCES):
            raise
        try:
            shutil.copyfile(source, target)
        except OSError:
            target.unlink(missing_ok=True)
            raise


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
