"""Which process is hurt when: each while it is at work, not while it idles."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.chaos.home import RunningHome
from workflows.options import HEARTBEAT

FREEZE_SECONDS = HEARTBEAT.total_seconds() + 3


@dataclass(frozen=True)
class Fault:
    """`strike` once `moment`, a statement that counts, gives more than nothing."""

    name: str
    moment: str
    strike: Callable[[RunningHome], Awaitable[None]]


def parts_done(number: int) -> str:
    return f"SELECT count(*) / {number} FROM transcript_parts WHERE done_at IS NOT NULL"


def stage(name: str, state: str = "started") -> str:
    return f"SELECT count(*) FROM video_events WHERE mark = '{name}:{state}'"


def kill(name: str, moment: str) -> Fault:
    return Fault(f"kill -9 {name}", moment, lambda home: home.kill(name))


def freeze(moment: str) -> Fault:
    return Fault("SIGSTOP in a part", moment, lambda home: home.freeze_transcriber(FREEZE_SECONDS))


def strand(moment: str) -> Fault:
    """A worker dies between storing a part and telling Temporal, which for that while does not listen."""
    return Fault("kill -9 between storing and telling", moment, _strand)


async def _strand(home: RunningHome) -> None:
    stored = "SELECT count(*) FROM transcript_parts WHERE done_at IS NOT NULL"
    temporal, before = await home.living("temporal"), (await home.rows(stored))[0][0]
    os.kill(temporal, signal.SIGSTOP)
    try:
        while (await home.rows(stored))[0][0] == before:
            await asyncio.sleep(0.02)
        for name in ("transcription-1", "transcription-2"):
            await home.kill(name)
    finally:
        os.kill(temporal, signal.SIGCONT)


# None where there is no video yet. A video that failed reaches no further moment.
_ALL_OVER = "(SELECT bool_and(status IN ('completed', 'failed', 'cancelled')) FROM videos)"


async def inflict(home: RunningHome, *phases: list[Fault]) -> list[str]:
    """The faults of a phase together, each at its moment; a phase after the other. The names of those that struck.

    A fault whose moment has not come when every video is final does not strike any more.
    """
    struck: list[str] = []

    async def one(fault: Fault) -> None:
        while True:
            has_come, all_over = (await home.rows(f"SELECT ({fault.moment}) > 0, {_ALL_OVER}"))[0]
            if has_come or all_over:
                break
            await asyncio.sleep(0.02)
        if has_come:
            await fault.strike(home)
            struck.append(fault.name)

    for phase in phases:
        await asyncio.gather(*(one(fault) for fault in phase))
    return struck
