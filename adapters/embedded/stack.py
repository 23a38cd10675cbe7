"""Everything `mentora up` runs: the servers that no setting gives, what must be prepared in them, and the workers."""

import asyncio
import os
import site
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import adapters
from adapters.embedded.child import ChildPlan
from adapters.embedded.home import Home
from adapters.embedded.identity import birth, end_process
from adapters.embedded.ports import Ports
from adapters.embedded.postgres import Postgres
from adapters.embedded.redis import Redis, RedisLimits
from adapters.embedded.state import HomeState, ProcessState
from adapters.embedded.supervisor import Supervisor
from adapters.embedded.temporal import Temporal
from adapters.settings import Settings, names_temporal
from schemas.worker_roles import WorkerRole

_LEFT_BEHIND_SECONDS = 5.0
_WORKER_STOP_SECONDS = 5.5  # a worker itself hands over what it still has in hand after 5

GATEWAY = "gateway"

Prepare = Callable[[Mapping[str, str]], Awaitable[None]]


class Server(Protocol):
    """One embedded server."""

    name: str

    @property
    def environment(self) -> dict[str, str]: ...

    async def plan(self) -> ChildPlan: ...

    async def ensure(self) -> None: ...


@dataclass(frozen=True)
class WorkerCommand:
    """One worker process: its name in the logs, and what to run."""

    name: str
    argv: tuple[str, ...]


def worker_commands(settings: Settings) -> tuple[WorkerCommand, ...]:
    """One process per role, and the gateway; of transcription, which fills a core, as many as there are or as asked."""
    commands = []
    for role in WorkerRole:
        # -P: a folder called `schemas` where the user stands must not hide ours.
        argv = (sys.executable, "-P", "-m", "workers", role.value)
        if role is WorkerRole.TRANSCRIPTION:
            processes = settings.transcription_processes or os.cpu_count() or 1
            commands += [WorkerCommand(f"{role.value}-{number}", argv) for number in range(1, processes + 1)]
        else:
            commands.append(WorkerCommand(role.value, argv))
    commands.append(WorkerCommand(GATEWAY, (sys.executable, "-P", "-m", "starters.api")))
    return tuple(commands)


async def nothing_to_prepare(_environment: Mapping[str, str]) -> None:
    """For a stack whose database needs no migration."""


class Stack:
    """`start` it, wait for `run_until_stopped`, and `stop` it whatever happened."""

    def __init__(
        self,
        settings: Settings,
        home: Home,
        *,
        workers: Sequence[WorkerCommand] | None = None,
        only: Collection[str] | None = None,
        inherited: Mapping[str, str] | None = None,
        temporal_flags: Mapping[str, str] | None = None,
        on_change: Callable[[ProcessState], None] = lambda _: None,
    ) -> None:
        """`workers`: all roles unless given. `inherited`: the environment to add to, this process's unless given.

        `only`: the names of the servers to start, all unless given; the others are then simply not there.
        """
        self._settings = settings
        self._home = home
        self._workers = worker_commands(settings) if workers is None else tuple(workers)
        self._inherited = dict(os.environ if inherited is None else inherited)
        self._only = {Postgres.name, Redis.name, RedisLimits.name, Temporal.name} if only is None else set(only)
        self._temporal_flags = temporal_flags
        self._on_change = on_change
        self._ports = Ports(home)
        self._supervisor = Supervisor(home, self._changed)
        self._stop_asked = asyncio.Event()
        self._ready = False
        self.environment: dict[str, str] = {}
        self.temporal_ui_url = ""
        self.api_url = ""

    @property
    def states(self) -> tuple[ProcessState, ...]:
        """Every process, servers first."""
        return self._supervisor.states

    async def start(self, prepare: Prepare = nothing_to_prepare) -> None:
        """Servers together, then `prepare` with the whole environment, then workers; return when all are ready.

        Raises: HomeInUse, PartMissing, ServerFailed, SettingsInvalid, and what `prepare` raises. Call `stop` after any.
        """
        left_behind = self._home.acquire()
        if left_behind is not None:
            await _end_left_behind(left_behind)
        servers = self._servers()
        self.environment = {"MENTORA_HOME": str(self._home.path)}
        for server in servers:
            self.environment |= server.environment
        self.environment |= self._gateway_environment()
        await self._supervisor.start(await _plans(servers))
        await asyncio.gather(*(server.ensure() for server in servers))
        await prepare(self._inherited | self.environment)
        await self._supervisor.start([self._worker_plan(worker) for worker in self._workers])
        self._ready = True
        self._write_state()

    async def run_until_stopped(self) -> None:
        """Return when `ask_to_stop` was called."""
        await self._stop_asked.wait()

    def ask_to_stop(self) -> None:
        """From a signal handler, say."""
        self._stop_asked.set()

    async def stop(self) -> None:
        """Workers, then servers. Each has its time to end by itself and is killed after it: 9.5 s together."""
        self._ready = False
        await self._supervisor.stop()
        self._ports.release()
        self._home.release()

    def kill(self) -> None:
        """For who cannot wait for `stop`, which still has to be awaited."""
        self._supervisor.kill()

    def _servers(self) -> list[Server]:
        """Those whose address nobody gave."""
        servers: list[Server] = []
        settings, inherited = self._settings, self._inherited
        given_postgres = settings.postgres_url or settings.postgres_relay_url or settings.postgres_admin_url
        if Postgres.name in self._only and not given_postgres:
            servers.append(Postgres(self._home, inherited))
        if Redis.name in self._only and not settings.redis_cache_url:
            servers.append(Redis(self._home, inherited))
        if RedisLimits.name in self._only and not settings.redis_limits_url:
            servers.append(RedisLimits(self._home, inherited))
        given_temporal = names_temporal(inherited)
        if Temporal.name in self._only and not given_temporal:
            temporal = Temporal(self._home, inherited, self._ports, self._temporal_flags)
            self.temporal_ui_url = temporal.ui_url
            servers.append(temporal)
        return servers

    def _gateway_environment(self) -> dict[str, str]:
        """Its port is the setting's or one near it, and the home's for good; where nobody asks for it, none."""
        if not any(worker.name == GATEWAY for worker in self._workers):
            return {}
        port = self._ports.claim(GATEWAY, self._settings.api_port)
        self.api_url = self._settings.api_url or f"http://127.0.0.1:{port}"
        key = self._settings.development_key_file or str(self._home.development_key)
        return {
            "MENTORA_API_PORT": str(port),
            "MENTORA_API_URL": self.api_url,
            "MENTORA_DEVELOPMENT_KEY_FILE": key,
        }

    def _worker_plan(self, worker: WorkerCommand) -> ChildPlan:
        """Workers stay in the user's folder, where their `.env` is, so ours comes to them by PYTHONPATH."""
        environment = self._inherited | self.environment
        root = str(Path(adapters.__file__).parents[1])
        if root not in site.getsitepackages():  # there, it would come before the standard library
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
        return ChildPlan(
            name=worker.name,
            argv=worker.argv,
            environment=environment,
            cwd=Path.cwd(),
            stop_seconds=_WORKER_STOP_SECONDS,
        )

    def _changed(self, process: ProcessState) -> None:
        with suppress(OSError):  # a full disk must not keep anybody from being started again
            self._write_state()
        self._on_change(process)

    def _write_state(self) -> None:
        self._home.write_state(
            HomeState(
                pid=os.getpid(),
                born=birth(os.getpid()),
                ready=self._ready,
                environment=self.environment,
                temporal_ui_url=self.temporal_ui_url,
                processes=self.states,
            )
        )


async def _plans(servers: Sequence[Server]) -> list[ChildPlan]:
    """All of them are waited for, also when one fails: another may be making its data folder."""
    outcomes = await asyncio.gather(*(server.plan() for server in servers), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, ChildPlan)]


async def _end_left_behind(state: HomeState) -> None:
    """What a killed supervisor's children, told by the kernel to end, have not finished yet."""
    await asyncio.gather(
        *(
            end_process(process.pid, process.born, process.signal_to_stop, _LEFT_BEHIND_SECONDS)
            for process in state.processes
            if process.pid
        )
    )
