"""What `mentora process` shows on a terminal: a bar a stage, redrawn as time goes by."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from adapters.embedded.state import ProcessPhase, ProcessState
from starters.cli.console import say
from starters.cli.process_report import SilentReport, first_lines
from starters.cli.view import Row, View

_BAR_CHARACTERS = 28
_REDRAWS_A_SECOND = 8


class LiveReport(SilentReport):
    """Every lecture with its stages; one that has ended shrinks to a line where there are several."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = views
        self._processes: dict[str, ProcessState] = {}
        self._first_lines: dict[int, list[str]] = {}
        self._is_working = False
        self._live = Live(get_renderable=self.page, refresh_per_second=_REDRAWS_A_SECOND)

    def begin(self) -> None:
        self._live.start()

    def process_changed(self, process: ProcessState) -> None:
        self._processes[process.name] = process

    def changed(self, view: View) -> None:
        self._is_working = self._is_working or bool(view.video_id)
        if view.first_segments and id(view) not in self._first_lines:
            self._first_lines[id(view)] = first_lines(view)

    def end(self) -> None:
        self._live.stop()

    def stopping(self) -> None:
        say("\nStopping the servers and the workers…")

    def page(self) -> RenderableType:
        """The screen as it should be now."""
        if self._processes and not self._is_working:
            ready = [name for name, process in self._processes.items() if process.phase is ProcessPhase.READY]
            return Text(f"Starting the servers and the workers… {' '.join(ready)}")
        return Group(*(part for view in self._views for part in self._lecture(view)))

    def _lecture(self, view: View) -> list[RenderableType]:
        parts: list[RenderableType] = [Text(view.headline, style="bold")]
        if view.is_ended and len(self._views) > 1:
            return parts
        table = Table.grid(padding=(0, 1))
        for row in view.rows():
            table.add_row(Text(f"  {row.name}"), _bar(row), Text(row.amount), Text(row.note, style="dim"))
        parts.append(table)
        if not view.is_ended:
            parts += [Text(line, style="italic") for line in self._first_lines.get(id(view), [])]
        return parts


def _bar(row: Row) -> ProgressBar:
    """It pulses where nobody knows how much there is to do."""
    total = row.total or None
    return ProgressBar(total=total, completed=row.done, width=_BAR_CHARACTERS, pulse=total is None)
