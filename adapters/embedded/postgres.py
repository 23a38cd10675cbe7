"""An embedded PostgreSQL: durable, on a Unix socket in a private folder, tuned for a laptop."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from adapters.embedded.child import ChildPlan
from adapters.embedded.home import Home
from adapters.embedded.programs import Unprivileged, postgres_folder, unprivileged
from schemas.errors import ServerFailed

_DATABASE = "mentora"
_PORT = "5432"  # part of the socket's name, and said everywhere: PGPORT in somebody's shell would change it
_READY_LINE = 7  # postmaster.pid, eighth line: the server's own word that it takes connections
_SETTINGS = {
    # Not left to a default that a package may have changed: an acknowledged commit survives a power cut.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "",  # these builds have no TLS, and `trust` is for the socket's private folder alone
    "port": _PORT,
    "shared_buffers": "128MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


class Postgres:
    """One server with the database `mentora`."""

    name = "postgres"

    def __init__(self, home: Home, environment: Mapping[str, str], launcher: Unprivileged | None = None) -> None:
        self._home = home
        self._inherited = environment
        self._launcher = unprivileged() if launcher is None else launcher
        self._data = home.data / "postgres"
        self._sockets = home.sockets / "postgres"

    @property
    def environment(self) -> dict[str, str]:
        """The addresses for each role. The roles themselves are made by the migrations."""
        return {
            "MENTORA_POSTGRES_ADMIN_URL": self._url("postgres", _DATABASE),
            "MENTORA_POSTGRES_URL": self._url("mentora_app", _DATABASE),
            "MENTORA_POSTGRES_RELAY_URL": self._url("mentora_relay", _DATABASE),
        }

    async def plan(self) -> ChildPlan:
        """Make the data folder if there is none. Raises PartMissing, ServerFailed."""
        programs = postgres_folder(self._inherited)
        self._own(self._sockets)
        if not (self._data / "PG_VERSION").exists():
            await self._initialise(programs)
        settings = _SETTINGS | {"unix_socket_directories": str(self._sockets)}
        return ChildPlan(
            name=self.name,
            argv=(
                str(programs / "postgres"),
                *("-D", str(self._data)),
                *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
            ),
            environment=self._inherited,
            launcher=self._launcher,
            probe=self._is_ready,
            stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to go
            stop_seconds=4,
            ready_seconds=300,  # after a crash it first replays what was committed
            orphan_signal=signal.SIGINT,
            # Right after a kill -9 the old server's backends still hold the folder, for up to two seconds.
            passing_complaints=("postmaster.pid", "pre-existing shared memory block"),
        )

    async def ensure(self) -> None:
        """Make the database if it is missing."""
        import asyncpg  # noqa: PLC0415  takes as long as the server's start, during which this module is needed

        connection = await asyncpg.connect(self._url("postgres", "postgres"))
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _DATABASE):
                await connection.execute(f"CREATE DATABASE {_DATABASE}")
        finally:
            await connection.close()

    async def _initialise(self, programs: Path) -> None:
        """In a folder aside, renamed when it is whole: a kill in the middle leaves nothing that looks like data."""
        aside = self._data.with_suffix(".new")
        shutil.rmtree(aside, ignore_errors=True)
        self._own(aside)
        log_start = self._home.log_size(self.name)
        code = await self._run(
            str(programs / "initdb"),
            *("-D", str(aside), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"),
            *("--auth-local=trust", "--auth-host=reject"),
        )
        if code != 0:
            said = self._home.log_since(self.name, log_start).rpartition("\n")[2]
            raise ServerFailed(f"postgres could not make its data folder: {said}")
        aside.rename(self._data)

    async def _run(self, *argv: str) -> int:
        """Run a program as the server's user, its words into the server's log; returns its exit status."""
        with self._home.log_file(self.name).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self._launcher.prefix,
                *argv,
                cwd="/",
                env=dict(self._inherited),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                user=self._launcher.user,
                group=self._launcher.group,
                extra_groups=[] if self._launcher.user else None,
            )
        try:
            return await process.wait()
        except asyncio.CancelledError:
            process.kill()
            raise

    async def _is_ready(self, pid: int) -> bool:
        """A killed server's file says `ready` too, under another pid."""
        with suppress(FileNotFoundError, IndexError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"
        return False

    def _own(self, folder: Path) -> None:
        """Make a folder of the server's own; where it runs as `nobody`, let that user through to it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._launcher.user is None or self._launcher.group is None:
            return
        os.chown(folder, self._launcher.user, self._launcher.group)
        for above in (self._home.path, self._home.data, self._home.sockets, self._home.sockets.parent):
            above.chmod(0o711)

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}@/{database}?host={self._sockets}&port={_PORT}"
