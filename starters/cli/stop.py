"""`mentora stop`: end the `mentora up` of this home."""

import os
import signal

from adapters.embedded.home import Home
from adapters.embedded.identity import gone
from schemas.errors import ServerFailed
from starters.cli.console import HomeOption, JsonOption, say, say_json, settings_for

_PATIENCE_SECONDS = 15.0  # `up` itself kills what has not ended after ten


async def stop(*, json: JsonOption = False, home: HomeOption = None) -> None:
    """Stop what `mentora up` started, and wait until it is gone.

    Nothing accepted is lost: the next `mentora up` goes on where this one ended.

    Example: `mentora stop`, or `mentora stop --home /srv/mentora` for another home.
    """
    running = Home(settings_for(home).home_path)
    pid, born = running.holder()
    os.kill(pid, signal.SIGTERM)
    if not await gone(pid, born, _PATIENCE_SECONDS):
        raise ServerFailed(f"`mentora up` (pid {pid}) has not ended within {_PATIENCE_SECONDS:.0f} s.")
    if json:
        say_json({"event": "stopped", "pid": pid, "home": str(running.path)})
    else:
        say("Stopped. Everything is kept.")
