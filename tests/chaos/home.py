"""A whole Mentora in a home of its own, and the hands that kill its processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.embedded.home import Home
from adapters.embedded.state import HomeState, ProcessPhase
from tests.surroundings import bare_environment

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60
PROCESS_SECONDS = 600
_STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED


@dataclass(frozen=True)
class RunningHome:
    """What `mentora up` runs in `folder`, from the sources in `tree`."""

    folder: Path
    tree: Path
    transcription_processes: int

    def state(self) -> HomeState:
        return Home(self.folder).read_state()

    def pid(self, name: str) -> int:
        """The process called `name`, or 0 while it is being started again."""
        alive = (ProcessPhase.READY, ProcessPhase.STARTING)
        found = [p for p in self.state().processes if p.name == name and p.phase in alive]
        return found[0].pid if found else 0

    async def living(self, name: str) -> int:
        """Its pid, as soon as it has one."""
        while not (pid := self.pid(name)):
            await asyncio.sleep(0.02)
        return pid

    async def kill(self, name: str) -> None:
        """SIGKILL it and return when it is gone; one that died by itself a moment ago counts."""
        pid = await self.living(name)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        while self._lives(pid):
            await asyncio.sleep(0.01)

    async def freeze_transcriber(self, seconds: float) -> None:
        """SIGSTOP a worker in the middle of a part, for longer than its heartbeat may be late, then SIGCONT it."""
        pid, activity_id = await self._transcribing()
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
            assert self._lives(pid), "it died while it was frozen"
            assert await self._attempts(activity_id) != 1, "nobody else was given the frozen worker's part"
        finally:
            os.kill(pid, signal.SIGCONT)

    async def _transcribing(self) -> tuple[int, str]:
        """The pid of a worker that has sent a heartbeat from a part it is still in, and the part's activity id."""
        while True:
            for pending in await self._pending():
                name, _, pid = pending.last_worker_identity.rpartition(":")
                is_in_it = pending.HasField("last_heartbeat_time") and pending.state == _STARTED
                # The server takes a worker that was killed for alive until its heartbeat is late.
                if name.startswith("transcription@") and is_in_it and pending.attempt == 1 and self._lives(int(pid)):
                    return int(pid), pending.activity_id
            await asyncio.sleep(0.05)

    def _lives(self, pid: int) -> bool:
        return psutil.pid_exists(pid) and pid in [process.pid for process in self.state().processes]

    async def _attempts(self, activity_id: str) -> int:
        """The attempt that the activity is at; 0 once it is done."""
        return next((p.attempt for p in await self._pending() if p.activity_id == activity_id), 0)

    async def _pending(self) -> list[PendingActivityInfo]:
        """What the one video's workflow waits for, also while Temporal is being started again."""
        workflow_id = (await self.rows("SELECT workflow_id FROM videos"))[0][0]
        while True:
            try:
                client = await Client.connect(self.state().environment["TEMPORAL_ADDRESS"])
                described = await client.get_workflow_handle(workflow_id).describe()
                return list(described.raw_description.pending_activities)
            except (RuntimeError, RPCError):
                await asyncio.sleep(0.1)

    async def rows(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask the truth as its superuser, also while it is being started again."""
        url = self.state().environment["MENTORA_POSTGRES_ADMIN_URL"]
        while True:
            try:
                connection = await asyncpg.connect(url, timeout=5)
                try:
                    return list(await connection.fetch(sql, *arguments))
                finally:
                    await connection.close()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError):
                await asyncio.sleep(0.05)

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """This process finds the home's Temporal as any client would: by Temporal's own variables."""
        before = dict(os.environ)
        os.environ.update(self.state().environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    async def process(self, *videos: Path, creator: str = "me") -> dict[str, Any]:
        """`mentora process VIDEO... --json`, beside the running `up`."""
        child = await self.start_processing(*videos, creator=creator)
        async with asyncio.timeout(PROCESS_SECONDS):
            output, _ = await child.communicate()
        document: dict[str, Any] = json.loads(output)
        return document

    async def start_processing(self, *videos: Path, creator: str = "me") -> asyncio.subprocess.Process:
        """The same, not waited for."""
        arguments = ("process", *map(str, videos), "--creator", creator, "--json")
        return await self._mentora(*arguments, stdout=asyncio.subprocess.PIPE)

    async def _mentora(self, *arguments: str, stdout: int) -> asyncio.subprocess.Process:
        environment = bare_environment() | {
            "MENTORA_HOME": str(self.folder),
            "MENTORA_TRANSCRIPTION_PROCESSES": str(self.transcription_processes),
            "PYTHONPATH": str(self.tree),
        }
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "starters.cli", *arguments, cwd=self.tree, env=environment, stdout=stdout
        )


@asynccontextmanager
async def running_home(folder: Path, tree: Path = ROOT, transcription_processes: int = 2) -> AsyncIterator[RunningHome]:
    """`mentora up`, ready; stopped by Ctrl-C at the end. The faults know two transcription workers by name."""
    home = RunningHome(folder, tree, transcription_processes)
    up = await home._mentora("up", "--json", stdout=asyncio.subprocess.PIPE)
    assert up.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            assert await up.stdout.readline(), "`mentora up` ended before it was ready"
        yield home
    finally:
        if up.returncode is None:
            up.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            await up.communicate()
