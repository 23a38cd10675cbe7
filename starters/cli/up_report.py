"""What `mentora up` says: to a program, to a file, and to a person who watches."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from adapters.embedded.stack import Stack
from adapters.embedded.state import ProcessPhase, ProcessState
from starters.cli.console import say, say_json

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_MARKS = {
    ProcessPhase.STARTING: "…",
    ProcessPhase.READY: "✓",
    ProcessPhase.RESTARTING: "↻",
    ProcessPhase.FAILED: "✗",
}


class Report(Protocol):
    """As a context, it accompanies the start."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def changed(self, process: ProcessState) -> None: ...

    def ready(self, stack: Stack, home: Path, seconds: float) -> None: ...

    def stopping(self) -> None: ...

    def stopped(self) -> None: ...


class JsonReport:
    """One line when all is ready and one when all is gone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was shown."""

    def changed(self, process: ProcessState) -> None:
        """`run/state.json` has it."""

    def ready(self, stack: Stack, home: Path, seconds: float) -> None:
        say_json(
            {
                "event": "ready",
                "pid": os.getpid(),
                "home": str(home),
                "seconds": round(seconds, 2),
                "environment": stack.environment,
                "temporal_ui_url": stack.temporal_ui_url,
                "api_url": stack.api_url,
                "processes": [process.model_dump(mode="json") for process in stack.states],
            }
        )

    def stopping(self) -> None:
        """The line that follows says enough."""

    def stopped(self) -> None:
        say_json({"event": "stopped"})


class TextReport:
    """A line when a process becomes ready, and when one died."""

    def __init__(self) -> None:
        self._starting = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._starting = False

    def changed(self, process: ProcessState) -> None:
        if process.phase is ProcessPhase.READY:
            say(f"✓ {process.name}" if self._starting else f"✓ {process.name} is back")
        elif process.phase is ProcessPhase.RESTARTING:
            say(f"↻ {process.name} died; it is started again (see logs/{process.name}.log)")

    def ready(self, stack: Stack, home: Path, seconds: float) -> None:
        option = "" if home == Path(".mentora").absolute() else f" --home {shlex.quote(str(home))}"
        say(f"\nReady after {seconds:.1f} s, in {home}")
        for name, value in _addresses(stack).items():
            say(f"  {name:<12}{value}")
        say(f"\nIn another terminal:  mentora process LECTURE.mp4{option}")
        say(f"How it goes:          mentora status{option}")
        say("To stop:              Ctrl-C\n")

    def stopping(self) -> None:
        say("Stopping; a second Ctrl-C does not wait.")

    def stopped(self) -> None:
        say("Stopped. Everything is kept.")


class LiveReport(TextReport):
    """On a terminal the start is a table that fills: one line a process."""

    def __init__(self) -> None:
        super().__init__()
        self._processes: dict[str, ProcessState] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.live import Live  # noqa: PLC0415  0.1 s that only a terminal needs

        self._live = Live(auto_refresh=False)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def changed(self, process: ProcessState) -> None:
        if self._live is None:
            super().changed(process)
            return
        self._processes[process.name] = process
        self._live.update(self._table(), refresh=True)

    def _table(self) -> "Table":
        from rich.table import Table  # noqa: PLC0415  see `__enter__`

        table = Table.grid(padding=(0, 1))
        for process in self._processes.values():
            table.add_row(_MARKS.get(process.phase, " "), process.name, process.phase.value)
        return table


def _addresses(stack: Stack) -> dict[str, str]:
    """What a person may want to open; what is given by the settings they know already."""
    known = {
        "Gateway": f"{stack.api_url}/docs" if stack.api_url else "",
        "Temporal UI": stack.temporal_ui_url,
        "Temporal": stack.environment.get("TEMPORAL_ADDRESS", ""),
        "PostgreSQL": stack.environment.get("MENTORA_POSTGRES_ADMIN_URL", ""),
        "Redis": stack.environment.get("MENTORA_REDIS_CACHE_URL", ""),
        "Limits": stack.environment.get("MENTORA_REDIS_LIMITS_URL", ""),
    }
    return {name: value for name, value in known.items() if value}
