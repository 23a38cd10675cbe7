"""One supervised process: started, watched until it is ready, started again when it dies."""

import asyncio
import os
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.embedded.home import Home
from adapters.embedded.identity import birth, signal_group
from adapters.embedded.notify import NotifySocket
from adapters.embedded.programs import AS_WE_ARE, Unprivileged, dies_with_parent
from adapters.embedded.state import ProcessPhase, ProcessState
from schemas.errors import PartMissing, ServerFailed, SettingsInvalid

_PROBE_SECONDS = 0.01
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_STABLE_SECONDS = 60.0  # who lived this long starts again with the shortest pause
_FIRST_STARTS = 3  # who never became ready in this many lives is broken, not unlucky
_NOT_STARTED = -1
_HOPELESS = {SettingsInvalid.exit_status, PartMissing.exit_status}  # a worker that says so needs a person first


@dataclass(frozen=True)
class ChildPlan:
    """How to run one child."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)  # all of it
    cwd: Path = Path("/")
    launcher: Unprivileged = AS_WE_ARE
    probe: Callable[[int], Awaitable[bool]] | None = None  # given the pid; none: the child itself says READY=1
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 5.0  # after that it is killed
    ready_seconds: float = 60.0
    # Sent by the kernel when the supervisor was killed: a worker may have nobody left to hand over to.
    orphan_signal: signal.Signals = signal.SIGKILL
    # A complaint in the log that goes away by itself, such as a lock that its last owner still holds.
    passing_complaints: tuple[str, ...] = ()


class Child:
    """`start` and `stop` it once; in between it is kept alive."""

    def __init__(self, plan: ChildPlan, home: Home, on_change: Callable[[ProcessState], None]) -> None:
        self.plan = plan
        self.state = ProcessState(name=plan.name, phase=ProcessPhase.STARTING, stop_signal=plan.stop_signal.name)
        self._home = home
        self._on_change = on_change
        self._process: Process | None = None
        self._first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop_asked = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._notify: NotifySocket | None = None
        self._spoke_early = False
        self._refusal = ""  # the system's, where it did not even start
        self._log_start = 0  # where this life's lines begin in the log

    async def start(self) -> None:
        """Return when it is ready for the first time. Raises ServerFailed with the last line of its log."""
        self._home.rotate_log(self.plan.name)
        if self.plan.probe is None:
            socket = self._home.sockets / f"notify-{self.plan.name}.sock"
            self._notify = NotifySocket(socket, self._became_ready)
        self._life = asyncio.create_task(self._live())
        try:
            async with asyncio.timeout(self.plan.ready_seconds):
                await asyncio.shield(self._first_ready)
        except TimeoutError:
            raise self._failure(f"was not ready within {self.plan.ready_seconds:.0f} s") from None

    async def stop(self) -> None:
        """Ask, wait, kill: afterwards neither it nor anything in its group lives."""
        self._stop_asked.set()
        if self._process is not None and self._process.returncode is None:
            self._become(ProcessPhase.STOPPING)
            self._process.send_signal(self.plan.stop_signal)
        if self._life is not None:
            done, _ = await asyncio.wait({self._life}, timeout=self.plan.stop_seconds)
            if not done:
                self.kill()
                await asyncio.wait({self._life})
        if self._notify is not None:
            self._notify.close()
            self._notify = None
        if self.state.phase is not ProcessPhase.FAILED:
            self._become(ProcessPhase.STOPPED)

    def kill(self) -> None:
        """End it and its group now, for good."""
        self._stop_asked.set()
        if self._process is not None and self._process.returncode is None:
            signal_group(self._process.pid, signal.SIGKILL)

    async def _live(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        lives = 0
        while not self._stop_asked.is_set():
            began = time.monotonic()
            code = await self._one_life()
            lives += 1
            if self._stop_asked.is_set() or self._is_hopeless(code, lives):
                break
            pause = _FIRST_PAUSE_SECONDS if time.monotonic() - began > _STABLE_SECONDS else pause
            self._become(ProcessPhase.RESTARTING, restarts=self.state.restarts + 1)
            await self._wait_before_restart(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _one_life(self) -> int:
        """Run the process to its end; returns its exit status."""
        if self._notify is not None:
            self._notify.drain()
        self._log_start, self._refusal = self._home.log_size(self.plan.name), ""
        self._spoke_early = False
        try:
            process = self._process = await self._spawn()
        except OSError as error:  # no memory, no disk, no program: all may be back by the next try
            self._refusal = f"it could not be started: {error}"
            return _NOT_STARTED
        if self._stop_asked.is_set():  # `stop` came while there was nobody to signal
            process.kill()
        self._become(ProcessPhase.STARTING, pid=process.pid, born=birth(process.pid))
        if self._spoke_early:
            self._became_ready()
        watcher = asyncio.create_task(self._watch())
        try:
            return await process.wait()
        finally:
            watcher.cancel()
            signal_group(process.pid, signal.SIGKILL)  # what it had started must not outlive it
            self._become(self.state.phase, pid=0, born="")

    async def _spawn(self) -> Process:
        plan = self.plan
        environment = dict(plan.environment) | {"MENTORA_SUPERVISED": "1"}
        if self._notify is not None:
            environment["NOTIFY_SOCKET"] = str(self._notify.path)
        log = os.open(self._home.log_file(plan.name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            return await asyncio.create_subprocess_exec(
                *plan.launcher.prefix,
                *dies_with_parent(plan.orphan_signal.name.removeprefix("SIG")),
                *plan.argv,
                env=environment,
                cwd=plan.cwd,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor alone
                user=plan.launcher.user,
                group=plan.launcher.group,
                extra_groups=[] if plan.launcher.user else None,
            )
        finally:
            os.close(log)

    async def _watch(self) -> None:
        if self.plan.probe is not None:
            while not await self.plan.probe(self.state.pid):  # noqa: ASYNC110  nothing in another process sets an event
                await asyncio.sleep(_PROBE_SECONDS)
            self._became_ready()

    def _became_ready(self) -> None:
        self._spoke_early = not self.state.pid  # a quick child is ready before we have heard of its start
        if self.state.pid and not self._stop_asked.is_set():
            self._become(ProcessPhase.READY)
            if not self._first_ready.done():
                self._first_ready.set_result(None)

    def _is_hopeless(self, code: int, lives: int) -> bool:
        """Whether to give up. Once it was ready, never: then something outside it must have changed, and may again."""
        if self._first_ready.done():
            return False
        complaint = self._home.log_since(self.plan.name, self._log_start)
        if any(passing in complaint for passing in self.plan.passing_complaints):
            return False
        if code not in _HOPELESS and lives < _FIRST_STARTS:
            return False
        self._become(ProcessPhase.FAILED)
        self._first_ready.set_exception(self._failure(f"ended with {code}"))
        self._first_ready.exception()  # seen: who waited may have left when another child failed first
        return True

    def _failure(self, fact: str) -> ServerFailed:
        said = self._refusal or self._home.log_since(self.plan.name, self._log_start).rpartition("\n")[2]
        return ServerFailed(f"{self.plan.name} {fact}: {said or 'it said nothing'}")

    async def _wait_before_restart(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop_asked.wait()
        except TimeoutError:
            return

    def _become(self, phase: ProcessPhase, **changes: object) -> None:
        self.state = self.state.model_copy(update={"phase": phase, **changes})
        self._on_change(self.state)
