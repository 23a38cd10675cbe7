"""`mentora up`: everything on this machine, in the foreground."""

import asyncio
import signal
import sys
import time
from typing import Annotated

from cyclopts import Parameter

from adapters.embedded.home import Home
from adapters.embedded.stack import Stack
from adapters.settings import Settings
from starters.cli.console import HomeOption, JsonOption, settings_for
from starters.cli.preparation import migration
from starters.cli.up_report import JsonReport, LiveReport, Report, TextReport

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def up(
    *,
    workers: Annotated[bool, Parameter(help="Leave the workers out with `--no-workers`: servers only.")] = True,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Start the servers and the workers here, until Ctrl-C.

    A server whose address is set (MENTORA_POSTGRES_URL, MENTORA_REDIS_CACHE_URL, MENTORA_REDIS_LIMITS_URL,
    TEMPORAL_ADDRESS) is not started. What dies is started again. Ctrl-C stops all within 10 s; a second
    Ctrl-C, at once. Nothing accepted is lost.

    Example: `mentora up`, and in another terminal `mentora process lecture.mp4`.
    """
    began = time.monotonic()
    settings = settings_for(home)
    report = _report(as_json=json)
    stack = Stack(settings, Home(settings.home_path), workers=None if workers else (), on_change=report.changed)
    _stop_on_signals(stack)
    try:
        with report:
            ready = await _start(stack, settings)
        if ready:
            report.ready(stack, settings.home_path, time.monotonic() - began)
            await stack.run_until_stopped()
        report.stopping()
    finally:
        await stack.stop()
    report.stopped()


async def _start(stack: Stack, settings: Settings) -> bool:
    """Whether it came up; not if somebody asked it to stop first. Raises what `Stack.start` raises."""
    starting = asyncio.create_task(stack.start(migration(settings)))
    stopping = asyncio.create_task(stack.run_until_stopped())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        starting.result()
        return True
    starting.cancel()
    await asyncio.wait({starting})
    return False


def _stop_on_signals(stack: Stack) -> None:
    """The first asks, the second no longer does."""
    asked = False

    def stop() -> None:
        nonlocal asked
        if asked:
            stack.kill()
        asked = True
        stack.ask_to_stop()

    for number in _STOPPING:
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # started under `nohup`: it is meant to stay
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _report(*, as_json: bool) -> Report:
    if as_json:
        return JsonReport()
    return LiveReport() if sys.stdout.isatty() else TextReport()
