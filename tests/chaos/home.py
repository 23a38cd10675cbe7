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

from adapters.embedded.home import Home
from adapters.embedded.state import HomeState, ProcessPhase
from tests.surroundings import bare_environment

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60
PROCESS_SECONDS = 600


@dataclass(frozen=True)
class RunningHome:
    """What `mentora up` runs in `folder`, from the sources in `tree`."""

    folder: Path
    tree: Path

    def state(self) -> HomeState:
        return Home(self.folder).read_state()

    def pid(self, name: str) -> int:
        """The process called `name`, or 0 while it is being started again."""
        alive = (ProcessPhase.READY, ProcessPhase.STARTING)
        found = [p for p in self.state().processes if p.name == name and p.phase in alive]
        return found[0].pid if found else 0

    async def kill(self, name: str) -> None:
        """SIGKILL it, as soon as there is one to kill."""
        while not (pid := self.pid(name)):
            await asyncio.sleep(0.02)
        os.kill(pid, signal.SIGKILL)

    async def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP it for longer than its heartbeat may be late, then let it go on as if nothing had been."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

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

    async def process(self, video: Path) -> dict[str, Any]:
        """`mentora process VIDEO --json`, beside the running `up`."""
        child = await self.start_processing(video)
        async with asyncio.timeout(PROCESS_SECONDS):
            output, _ = await child.communicate()
        document: dict[str, Any] = json.loads(output)
        return document

    async def start_processing(self, video: Path) -> asyncio.subprocess.Process:
        """The same, not waited for."""
        return await self._mentora("process", str(video), "--json", stdout=asyncio.subprocess.PIPE)

    async def _mentora(self, *arguments: str, stdout: int) -> asyncio.subprocess.Process:
        environment = bare_environment() | {"MENTORA_HOME": str(self.folder), "PYTHONPATH": str(self.tree)}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "starters.cli", *arguments, cwd=self.tree, env=environment, stdout=stdout
        )


@asynccontextmanager
async def running_home(folder: Path, tree: Path = ROOT) -> AsyncIterator[RunningHome]:
    """`mentora up`, ready; stopped by SIGTERM at the end."""
    home = RunningHome(folder, tree)
    up = await home._mentora("up", "--json", stdout=asyncio.subprocess.PIPE)
    assert up.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            assert await up.stdout.readline(), "`mentora up` ended before it was ready"
        yield home
    finally:
        if up.returncode is None:
            up.terminate()
        async with asyncio.timeout(20):
            await up.communicate()
