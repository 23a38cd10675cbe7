"""A download as far as it is: bytes on the disk, and what the server said of the version they belong to."""

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from schemas.errors import DownloadInterrupted


class PartialFile:
    """`NAME.part` with its note `NAME.part.json`; `complete` renames it to NAME. Every method blocks.

    Locked while it is open: a worker that lost its task and does not know it yet must not write between our bytes.
    The length of the file is trusted after a crash: Linux's file systems extend a file only after its data.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f"{target.name}.part")
        self._note_path = target.with_name(f"{target.name}.part.json")
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Raises: DownloadInterrupted where another process writes it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise DownloadInterrupted("another process is fetching this file", retry_after=10) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    @property
    def _opened(self) -> IO[bytes]:
        assert self._file is not None
        return self._file

    @property
    def size(self) -> int:
        """Bytes so far."""
        return os.fstat(self._opened.fileno()).st_size

    @property
    def validator(self) -> str | None:
        """What identifies the version of the bytes so far, fit for If-Range; None where they cannot be continued."""
        return self._note().get("validator") if self.size else None

    @property
    def total(self) -> int | None:
        """The bytes of the whole file, as the server said with the first of them."""
        return self._note().get("total")

    @property
    def is_whole(self) -> bool:
        """Whether the bytes so far are all."""
        return self.size == self.total

    def _note(self) -> dict[str, Any]:
        try:
            found = json.loads(self._note_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def begin(self, validator: str | None, total: int | None) -> None:
        """Forget the bytes so far. The note comes after that, or old bytes could pass for a new version's."""
        self._opened.truncate(0)
        aside = self._note_path.with_name(f"{self._note_path.name}.new")
        aside.write_text(json.dumps({"validator": validator, "total": total}), encoding="utf-8")
        aside.replace(self._note_path)

    def write(self, block: bytes | bytearray) -> None:
        """Add bytes at the end."""
        self._opened.write(block)
        self._opened.flush()

    def complete(self) -> None:
        """All bytes are there: put them on the disk, then under their name."""
        os.fsync(self._opened.fileno())
        self._path.replace(self._target)
        self._note_path.unlink(missing_ok=True)
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Leave nothing."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._note_path.unlink(missing_ok=True)
