"""What `mentora process` says while it works: to a program nothing, to a file a line for whatever has happened."""

from collections.abc import Sequence
from typing import Protocol

from adapters.embedded.state import ProcessPhase, ProcessState
from schemas.videos import Stage
from starters.cli.console import say
from starters.cli.pages import sentence_lines
from starters.cli.view import NEGLECTED, View

FIRST_LINES = 3


class Report(Protocol):
    """Accompanies the work."""

    def begin(self) -> None: ...

    def process_changed(self, process: ProcessState) -> None:
        """A server or a worker that is started for this command."""

    def changed(self, view: View) -> None:
        """Something may be new in the view."""

    def end(self) -> None:
        """The result follows. Twice is once."""

    def stopping(self) -> None:
        """What was started for this command is being stopped."""


class SilentReport:
    """One document at the end is all that a program wants."""

    def begin(self) -> None:
        """Nothing to say."""

    def process_changed(self, process: ProcessState) -> None:
        """`run/state.json` has it."""

    def changed(self, view: View) -> None:
        """The document will have it."""

    def end(self) -> None:
        """Nothing was shown."""

    def stopping(self) -> None:
        """Nothing to say."""


class TextReport(SilentReport):
    """A line for every stage that ends, for every further part of the transcript, and for how it begins."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = views
        self._said: set[tuple[int, str]] = set()
        self._is_starting = False
        self._is_ended = False

    def process_changed(self, process: ProcessState) -> None:
        if not self._is_starting:
            self._is_starting = True
            say("Starting the servers and the workers…")
        if not self._is_ended and process.phase is ProcessPhase.RESTARTING:
            say(f"↻ {process.name} died; it is started again (see logs/{process.name}.log)")

    def changed(self, view: View) -> None:
        if view.video_id:
            self._once(view, "video", f"video {view.video_id}{', submitted before' if view.is_repeat else ''}")
        if view.is_neglected:
            self._once(view, "neglected", NEGLECTED)
        for row in view.rows():
            if row.is_finished:
                self._once(view, row.name, f"{row.name:<11}{row.amount}, {row.note}")
            elif row.name == Stage.TRANSCRIPT and row.done:
                self._once(view, row.amount, f"{row.name:<11}{row.amount}{row.note and f', {row.note}'}")
        if view.first_segments and (id(view), "lines") not in self._said:
            self._said.add((id(view), "lines"))
            for line in first_lines(view):
                self._once(view, line, line)

    def end(self) -> None:
        self._is_ended = True

    def stopping(self) -> None:
        say("\nStopping the servers and the workers…")

    def _once(self, view: View, key: str, line: str) -> None:
        if (id(view), key) not in self._said:
            self._said.add((id(view), key))
            say(f"{view.name}: {line}" if len(self._views) > 1 else line)


def first_lines(view: View) -> list[str]:
    """How the lecture begins."""
    return list(sentence_lines(view.first_segments))[:FIRST_LINES]
