"""Running `mentora` as a person does: a process of its own, in a folder of its own."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.surroundings import bare_environment

CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


async def start_mentora(folder: Path, *arguments: str, **variables: str) -> Process:
    """A running `mentora`, in `folder`, whose home is `folder/.mentora`."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starters.cli", *arguments),
        cwd=folder,
        env=bare_environment() | {"PYTHONPATH": str(CHECKOUT)} | variables,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )


async def mentora(folder: Path, *arguments: str, **variables: str) -> Finished:
    """The command's end."""
    return await finished(await start_mentora(folder, *arguments, **variables))


async def finished(command: Process, send: signal.Signals | None = None) -> Finished:
    """Signal it, if told to, and wait for its end."""
    if send is not None:
        command.send_signal(send)
    out, err = await command.communicate()
    assert command.returncode is not None
    return Finished(command.returncode, out.decode(), err.decode())


async def ready(command: Process) -> Any:
    """What `up --json` says when it is ready."""
    assert command.stdout is not None
    line = await command.stdout.readline()
    if not line:
        assert command.stderr is not None
        raise AssertionError((await command.stderr.read()).decode())
    return json.loads(line)
