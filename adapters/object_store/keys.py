"""What a key of the object store may be, and what is said where nothing good lies under it."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import FileNotReadable, ObjectStoreUnavailable, StorageFull

# Whoever sends an event chooses its key, so it is held to plain names: no way up, no empty part, nothing hidden.
_KEY = re.compile(r"(?=.{1,500}\Z)[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,254}(/[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,254})*\Z")
_FULL = (errno.ENOSPC, errno.EDQUOT)


def checked(key: str) -> str:
    """The key, if it can be one. Raises: FileNotReadable."""
    if not _KEY.match(key):
        raise FileNotReadable(f"{key[:100]!r} cannot be a key of the object store")
    return key


def missing(key: str) -> FileNotReadable:
    """What is said of a key that is not there."""
    return FileNotReadable(f"the object store holds nothing under {key}")


def whole(found: bytes, key: str, start: int, length: int) -> bytes:
    """The bytes, if they are as many as were asked for. Raises: FileNotReadable."""
    if len(found) != length:
        raise FileNotReadable(f"{key} has no {length} bytes from byte {start}")
    return found


@contextmanager
def translated(key: str) -> Iterator[None]:
    """Say what the disk did in our own errors."""
    try:
        yield
    except FileNotFoundError as error:
        raise missing(key) from error
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull("the disk of the object store is full") from error
        raise ObjectStoreUnavailable(f"the object store's disk failed: {error.strerror}") from error
