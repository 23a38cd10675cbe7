"""One state folder, MENTORA_HOME: its layout, its lock and what it tells about what runs in it."""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

from pydantic import ValidationError

from adapters.embedded.identity import birth, lives
from adapters.embedded.state import HomeState
from schemas.errors import HomeInUse, NotRunning, SettingsInvalid

_LOG_BYTES = 10_000_000  # a log that is larger when its process is first started becomes NAME.log.1


class Home:
    """The folder and everything in it. Creating the object touches nothing; `acquire` makes the folders."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.data = self.path / "data"
        self.logs = self.path / "logs"
        self.run = self.path / "run"
        self.objects = self.path / "objects"
        self.models = self.path / "models"
        self._lock: int | None = None

    @property
    def sockets(self) -> Path:
        """Where this home's Unix sockets lie. A socket's path may have 107 bytes, and a home's any number."""
        return user_folder() / hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    @property
    def development_key(self) -> Path:
        """Signs the tokens of `mentora token`; the gateway makes it at first use."""
        return self.path / "keys" / "development.json"

    def acquire(self) -> HomeState | None:
        """Make the folders and take the lock, which the kernel gives back when this process ends, however it ends.

        Returns what a supervisor that was killed here left behind: its children may still be about to end.
        Raises: HomeInUse; SettingsInvalid if the folder cannot be written.
        """
        try:
            for folder in (self.path, self.data, self.logs, self.run, self.objects, self.models):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SettingsInvalid(f"MENTORA_HOME: cannot write {self.path}: {error.strerror}") from None
        if not _take(lock):
            os.close(lock)
            raise HomeInUse(f"Another `mentora up` already runs in {self.path}.")
        self._lock = lock
        left_behind = self._read()
        self._state_file.unlink(missing_ok=True)
        # The holder's name is in the locked file itself, so nobody reads a dead one's beside a lock just taken.
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()} {birth(os.getpid())}".encode(), 0)
        private_folder(self.sockets)
        return left_behind

    def release(self) -> None:
        """Say that nothing runs here any more."""
        if self._lock is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)
            self._state_file.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def write_state(self, state: HomeState) -> None:
        """Publish `state` at once: a reader sees the old one or the new one, never half of it."""
        aside = self._state_file.with_suffix(".tmp")
        aside.touch(mode=0o600)
        aside.write_text(state.model_dump_json(indent=1))
        aside.replace(self._state_file)

    def read_state(self) -> HomeState:
        """What runs here. Raises NotRunning if nothing does, also when a killed supervisor left its state behind."""
        pid, _ = self.holder()
        state = self._read()
        if state is None or state.pid != pid:
            raise NotRunning(f"`mentora up` is only just starting in {self.path}.")
        return state

    def holder(self) -> tuple[int, str]:
        """The pid and the birth of the `mentora up` that holds the lock. Raises NotRunning if nobody does."""
        try:
            with self._lock_file.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        except OSError:
            raise NotRunning(f"No `mentora up` runs in {self.path}.") from None
        else:
            raise NotRunning(f"No `mentora up` runs in {self.path}.")
        pid, _, born = self._lock_file.read_text().partition(" ")
        if not lives(int(pid or 0), born):
            raise NotRunning(f"`mentora up` is only just starting, or ending, in {self.path}.")
        return int(pid), born

    def log_file(self, name: str) -> Path:
        """The log of the child called `name`."""
        return self.logs / f"{name}.log"

    def rotate_log(self, name: str) -> None:
        """Put a large log aside, keeping one older; while its writer runs it is only appended to."""
        log = self.log_file(name)
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))

    def log_size(self, name: str) -> int:
        """Bytes in that log: where the next life's lines begin."""
        log = self.log_file(name)
        return log.stat().st_size if log.exists() else 0

    def log_since(self, name: str, start: int) -> str:
        """The last few lines that were written to that log after byte `start`."""
        if not self.log_file(name).exists():
            return ""
        with self.log_file(name).open("rb") as file:
            file.seek(max(start, file.seek(0, os.SEEK_END) - 4_000))
            return file.read().decode(errors="replace").strip()

    @property
    def _lock_file(self) -> Path:
        return self.run / "lock"

    @property
    def _state_file(self) -> Path:
        return self.run / "state.json"

    def _read(self) -> HomeState | None:
        try:
            return HomeState.model_validate_json(self._state_file.read_bytes())
        except (OSError, ValidationError):
            return None


def _take(lock: int) -> bool:
    """More than one try: `holder` of another command has the lock for an instant when it looks whether it is held."""
    for _ in range(10):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.005)
        else:
            return True
    return False


def user_folder() -> Path:
    """This user's folder for sockets and port claims of all homes.

    Not the temporary folder of the environment, which can be long and differs between a user's shells.
    """
    base = Path("/tmp")  # noqa: S108  the folder below it is private, and checked to be
    return private_folder((base if base.is_dir() else Path(tempfile.gettempdir())) / f"mentora-{os.getuid()}")


def private_folder(path: Path) -> Path:
    """Make `path`, or check that it is a folder of this user's that nobody else can look into.

    Search permission alone is let through: the database may have to run as another user than root.
    Raises: SettingsInvalid, since somebody else made it first, and may be listening there.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o066:
        raise SettingsInvalid(f"{path} is not a private folder of this user: remove it.")
    return path
