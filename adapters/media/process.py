"""Run a child process that must not outlive us, hang us or fill our memory."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.media.confinement import ENVIRONMENT
from schemas.errors import MediaTooDemanding

ERROR_TAIL_BYTES = 8_192  # a hostile file can make ffmpeg complain for ever; the end says why it stopped
GRACE_SECONDS = 3.0  # between SIGTERM and SIGKILL: ffmpeg blocked in a read does not hear the first (measured)
_READ_BYTES = 65_536
_SHELL_SIGNAL_BASE = 128  # bwrap reports a signal n of its child as status 128 + n
_SIGNALS = {_SHELL_SIGNAL_BASE + number for number in signal.valid_signals()}


@dataclass(frozen=True)
class Finished:
    """How a child ended. `status` is 0, its exit status, or the negated number of the signal that ended it."""

    status: int
    errors: str


async def run(argv: Sequence[str], folder: Path, wall_seconds: float, on_output: Callable[[bytes], None]) -> Finished:
    """Run `argv` in `folder` with a bare environment, handing over its standard output as it comes.

    However this ends - also by cancellation - the child and its whole process group are gone then.
    Raises: MediaTooDemanding after `wall_seconds`.
    """
    # Its own session: a Ctrl-C at the terminal goes to us, and we end the group as one.
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=folder, env=ENVIRONMENT, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    try:
        async with asyncio.timeout(wall_seconds):
            _, errors = await asyncio.gather(_forward(process, on_output), _error_tail(process))
            status = await process.wait()
    except TimeoutError:
        raise MediaTooDemanding(f"reading the media took more than {wall_seconds:g} seconds") from None
    finally:
        await _end(process)
    return Finished(-(status - _SHELL_SIGNAL_BASE) if status in _SIGNALS else status, errors)


async def _forward(process: Process, on_output: Callable[[bytes], None]) -> None:
    assert process.stdout is not None
    while block := await process.stdout.read(_READ_BYTES):
        on_output(block)


async def _error_tail(process: Process) -> str:
    assert process.stderr is not None
    tail = b""
    while block := await process.stderr.read(_READ_BYTES):
        tail = (tail + block)[-ERROR_TAIL_BYTES:]
    return tail.decode(errors="replace")


async def _end(process: Process) -> None:
    """Ask, wait, kill, reap. A second cancellation during the wait only makes the kill come sooner."""
    if process.returncode is not None:
        return
    _signal_group(process, signal.SIGTERM)
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
    finally:
        if process.returncode is None:
            _signal_group(process, signal.SIGKILL)
            await process.wait()


def _signal_group(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
