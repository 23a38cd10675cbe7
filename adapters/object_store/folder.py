"""Content-addressed bytes in a folder."""

import asyncio
import errno
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from adapters.object_store.keys import checked, translated, whole

_ASIDE = ".put"  # no key can name it
_TRIES = 100  # each failed because somebody else got on
# What was seen a moment ago is no longer so. None is rmtree's own, for a folder that is another since it looked.
_MEANWHILE = (errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR, None)
_ABANDONED_SECONDS = 86_400  # nobody writes a file for a day


class LocalObjectStore:
    """A folder of one file system. A file appears under its key only when all its bytes are on the disk.

    Raises: FileNotReadable for a key that is not there or could not be; StorageFull; ObjectStoreUnavailable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._aside = self._folder / _ASIDE

    async def put(self, key: str, path: Path) -> None:
        """Copy the file, also where a link would do: the caller's file may be changed by its owner."""
        target = self._path(key)
        with translated(key):
            await asyncio.to_thread(self._put, target, path)

    def _put(self, target: Path, path: Path) -> None:
        if target.exists() and target.stat().st_size == path.stat().st_size:
            return
        with _written_aside(self._aside, target) as aside:
            shutil.copyfile(path, aside)

    async def write(self, key: str, content: bytes) -> None:
        """See `Store`."""
        target = self._path(key)
        with translated(key):
            await asyncio.to_thread(_despite_others, _write, self._aside, target, content)

    async def pour(self, key: str, blocks: AsyncIterator[bytes]) -> None:
        """See `Store`."""
        target = self._path(key)
        with translated(key), _written_aside(self._aside, target) as aside:
            file = await asyncio.to_thread(aside.open, "wb")
            with file:
                async for block in blocks:
                    await asyncio.to_thread(file.write, block)
            await asyncio.to_thread(_sync, aside)  # 20 GB take a while, and the loop must not wait

    async def remove(self, key: str) -> None:
        """See `Store`."""
        path = self._path(key)
        with translated(key):
            await asyncio.to_thread(_despite_others, _remove, path)

    async def remove_below(self, prefix: str) -> None:
        """See `Store`."""
        path = self._path(prefix)
        with translated(prefix):
            await asyncio.to_thread(_despite_others, _remove_below, path)

    async def sign(self, key: str, seconds: int) -> str | None:  # noqa: ARG002 - a folder has no addresses
        """See `Store`."""
        return None

    async def fetch(self, key: str, target: Path) -> None:
        """A hard link where the file systems are the same, else a copy."""
        source = self._path(key)
        with translated(key):
            await asyncio.to_thread(_link_or_copy, source, target)

    async def read(self, key: str, start: int, length: int) -> bytes:
        """See `ObjectStore`."""
        path = self._path(key)
        with translated(key):
            found = await asyncio.to_thread(_read, path, start, length)
        return whole(found, key, start, length)

    async def size(self, key: str) -> int | None:
        """See `ObjectStore`."""
        path = self._path(key)
        with translated(key):
            return await asyncio.to_thread(lambda: path.stat().st_size if path.is_file() else None)

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)


def _write(folder: Path, target: Path, content: bytes) -> None:
    with _written_aside(folder, target) as aside:
        aside.write_bytes(content)


def _remove(path: Path) -> None:
    if path.is_file():  # as `size` sees it: a folder is no object, and below a file there is none
        path.unlink(missing_ok=True)


def _remove_below(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)


def _despite_others(action: Callable[..., None], *arguments: object) -> None:
    """As in a bucket, neither a write nor a removal fails because somebody removes or fills the folder meanwhile."""
    for _ in range(_TRIES):
        try:
            return action(*arguments)
        except OSError as error:
            if error.errno not in _MEANWHILE:
                raise
    return action(*arguments)


@contextmanager
def _written_aside(folder: Path, target: Path) -> Iterator[Path]:
    """A file in the folder that takes the target's place, on the disk, when it is written."""
    _make_folder(folder)
    _remove_abandoned(folder)
    handle, name = mkstemp(dir=folder)
    os.close(handle)
    try:
        yield Path(name)
        Path(name).chmod(0o444)  # `fetch` hands out links to it
        _sync(Path(name))
        _make_folder(target.parent)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
    _sync(target.parent)


def _make_folder(folder: Path) -> None:
    """Make it and what is above it, each on the disk: a file in a folder that a power cut takes is lost with it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _remove_abandoned(folder: Path) -> None:
    """What any process that was killed while it wrote left behind, wherever in the store it meant to put it."""
    for path in folder.iterdir():
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
