"""Children are kept alive, and none is left behind."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.embedded.child import Child, ChildPlan
from adapters.embedded.home import Home
from adapters.embedded.state import ProcessPhase, ProcessState
from adapters.embedded.supervisor import Supervisor
from schemas.errors import ServerFailed
from tests.adapters.embedded.running import DUMMY, is_alive, until

SUPERVISE = """
import asyncio, os, sys
from pathlib import Path
from adapters.embedded.child import ChildPlan
from adapters.embedded.home import Home
from adapters.embedded.supervisor import Supervisor

async def main():
    home = Home(Path(sys.argv[1]))
    home.acquire()
    supervisor = Supervisor(home, lambda _: None)
    await supervisor.start([ChildPlan("dummy", (sys.executable, sys.argv[2], "ready", "stubborn"), os.environ)])
    print(supervisor.states[0].pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


class Supervised:
    """A supervisor in a home of its own, and what it reported."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.changes: list[ProcessState] = []
        self.supervisor = Supervisor(home, self.changes.append)

    async def start(self, *arguments: str, stop_seconds: float = 5, ready_seconds: float = 10) -> None:
        argv = (sys.executable, str(DUMMY), *arguments)
        plan = ChildPlan("dummy", argv, dict(os.environ), stop_seconds=stop_seconds, ready_seconds=ready_seconds)
        await self.supervisor.start([plan])

    @property
    def dummy(self) -> ProcessState:
        return self.supervisor.states[0]

    @property
    def log(self) -> str:
        return self.home.log_file("dummy").read_text()


@pytest.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[Supervised]:
    home = Home(tmp_path / "home")
    home.acquire()
    supervised = Supervised(home)
    yield supervised
    await supervised.supervisor.stop()
    home.release()


async def test_a_child_is_ready_when_it_says_so(supervised: Supervised) -> None:
    await supervised.start("ready")
    assert [change.phase for change in supervised.changes] == [ProcessPhase.STARTING, ProcessPhase.READY]
    assert "supervised 1" in supervised.log


class HeardOfLate(Child):
    """On a busy machine a child may be ready before its supervisor has heard that it was started."""

    async def _spawn(self) -> Process:
        process = await super()._spawn()
        await asyncio.sleep(0.5)
        return process


async def test_a_child_that_is_ready_before_we_hear_of_its_start_is_ready(supervised: Supervised) -> None:
    plan = ChildPlan("quick", (sys.executable, str(DUMMY), "ready"), dict(os.environ), ready_seconds=3)
    child = HeardOfLate(plan, supervised.home, lambda _: None)
    try:
        await child.start()
        assert child.state.phase is ProcessPhase.READY
    finally:
        await child.stop()


async def test_a_child_that_never_says_so_has_failed(supervised: Supervised) -> None:
    with pytest.raises(ServerFailed, match="not ready within"):
        await supervised.start(ready_seconds=0.3)


async def test_a_killed_child_is_started_again(supervised: Supervised) -> None:
    await supervised.start("ready")
    killed = supervised.dummy.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: supervised.dummy.restarts == 1 and supervised.dummy.phase is ProcessPhase.READY)
    assert supervised.dummy.pid not in {0, killed}


async def test_what_a_killed_child_had_started_is_ended_with_it(supervised: Supervised) -> None:
    await supervised.start("ready", "child")
    grandchild = int(supervised.log.partition("child ")[2].split()[0])
    assert is_alive(grandchild)
    os.kill(supervised.dummy.pid, signal.SIGKILL)
    await until(lambda: not is_alive(grandchild))


async def test_a_child_that_does_not_end_when_asked_is_killed(supervised: Supervised) -> None:
    await supervised.start("ready", "stubborn", stop_seconds=0.3)
    pid = supervised.dummy.pid
    began = time.monotonic()
    await supervised.supervisor.stop()
    assert time.monotonic() - began < 2
    assert not is_alive(pid)
    assert supervised.dummy.phase is ProcessPhase.STOPPED


async def test_killing_all_does_not_wait_for_anybody(supervised: Supervised) -> None:
    await supervised.start("ready", "stubborn", stop_seconds=60)
    pid = supervised.dummy.pid
    supervised.supervisor.kill()
    await supervised.supervisor.stop()
    assert not is_alive(pid)


async def test_a_child_that_says_that_it_needs_a_person_is_not_tried_again(supervised: Supervised) -> None:
    with pytest.raises(ServerFailed, match="ended with 78: I cannot work like this"):
        await supervised.start("fails=78")
    assert supervised.dummy.phase is ProcessPhase.FAILED
    assert supervised.dummy.restarts == 0


async def test_a_child_whose_program_is_gone_is_given_up_with_the_reason(supervised: Supervised) -> None:
    with pytest.raises(ServerFailed, match="No such file or directory"):
        await supervised.supervisor.start([ChildPlan("dummy", ("/nowhere/program",), cwd=Path("/nowhere"))])


async def test_a_child_that_never_comes_up_is_given_up_after_three_lives(supervised: Supervised) -> None:
    with pytest.raises(ServerFailed, match="ended with 1: I cannot work like this"):
        await supervised.start("fails=1")
    assert supervised.dummy.restarts == 2


async def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    arguments = ("-c", SUPERVISE, str(tmp_path / "home"), str(DUMMY))
    supervisor = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert supervisor.stdout is not None
    child = int(await supervisor.stdout.readline())
    supervisor.kill()
    await supervisor.wait()
    await until(lambda: not is_alive(child), seconds=2)
    home = Home(tmp_path / "home")
    home.acquire()
    home.release()
