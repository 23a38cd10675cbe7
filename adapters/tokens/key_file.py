"""A key of this installation's own, in a file that is made at first use and never leaves the machine."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from schemas.errors import SettingsInvalid


def read_key(path: Path, make: Callable[[], bytes]) -> bytes:
    """What is in the file. The first process to come makes it; all others read that one's. Raises: SettingsInvalid."""
    try:
        if not path.exists():
            _write(path, make())
        return path.read_bytes()
    except OSError:
        raise unreadable(path) from None


def unreadable(path: Path) -> SettingsInvalid:
    """The error for a file that is no key, or cannot be one."""
    return SettingsInvalid(f"MENTORA_DEVELOPMENT_KEY_FILE: {path} cannot be read or made")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile("wb", dir=path.parent, delete=False) as file:  # mode 0600
        file.write(content)
    try:
        os.link(file.name, path)  # fails where another was quicker
    except FileExistsError:
        pass
    finally:
        Path(file.name).unlink()
