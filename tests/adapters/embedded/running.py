"""Shared by the tests of processes: waiting, and looking whether somebody lives."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

from adapters.embedded.home import Home
from adapters.embedded.identity import birth
from adapters.embedded.stack import Stack, WorkerCommand
from adapters.embedded.state import ProcessPhase, ProcessState
from adapters.settings import Settings
from tests.surroundings import bare_environment

DUMMY = Path(__file__).with_name("dummy_worker.py")


def dummy(name: str, *arguments: str) -> WorkerCommand:
    return WorkerCommand(name, (sys.executable, str(DUMMY), *arguments))


def servers_only(home: Home, *workers: WorkerCommand, **variables: str) -> Stack:
    """A stack that takes nothing from the shell of who runs the tests."""
    return Stack(Settings.model_construct(), home, workers=workers, inherited=bare_environment() | variables)


def state_of(stack: Stack, name: str) -> ProcessState:
    return next(process for process in stack.states if process.name == name)


async def until(fact: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until `fact` holds; an assertion fails if it does not in time."""
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


async def until_back(stack: Stack, name: str) -> None:
    """Wait until a process that was killed is ready again."""
    await until(lambda: state_of(stack, name).restarts > 0 and state_of(stack, name).phase is ProcessPhase.READY)


def is_alive(pid: int) -> bool:
    """A zombie, waiting for whoever inherited it, is not."""
    return birth(pid) != ""
