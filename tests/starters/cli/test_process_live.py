"""What `mentora process` shows on a terminal."""

import pytest
from rich.console import Console

from adapters.embedded.state import ProcessPhase, ProcessState
from schemas.videos import Stage
from starters.cli.process_live import LiveReport
from starters.cli.view import View
from tests.lectures import spoken
from tests.starters.changes import stage


def _shown(report: LiveReport) -> list[str]:
    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(report.page())
    return capture.get().splitlines()


@pytest.fixture
def view() -> View:
    view = View("lecture [draft].mp4", lambda: 0.0)
    view.video_id = "76ed1d7a"
    view.take(stage(1, Stage.AUDIO, "started", 0, 90, "seconds"))
    view.take(stage(2, Stage.AUDIO, "finished", 90, 90, "seconds", second=2))
    view.take(stage(3, Stage.TRANSCRIPT, "progress", 1, 3, "parts"))
    view.take(stage(4, Stage.FETCH, "started", 0, 0, "bytes"))
    return view


def test_every_stage_has_a_bar_an_amount_and_a_note(view: View) -> None:
    report = LiveReport([view])
    report.changed(view)
    headline, fetch, audio, transcript = _shown(report)
    assert headline.strip() == "lecture [draft].mp4: processing"
    assert fetch.split()[0] == "fetch"
    assert audio.split() == ["audio", "━" * 28, "1:30", "2.0", "s"]
    assert "1 of 3 parts" in transcript


def test_the_first_lines_are_shown_until_the_lecture_ends(view: View) -> None:
    report = LiveReport([view])
    view.first_segments = [spoken("The crust is thin.", 1)]
    report.changed(view)
    assert _shown(report)[-1].strip() == "0:01  The crust is thin."
    view.end()
    report.changed(view)
    assert "crust" not in _shown(report)[-1]


def test_of_several_lectures_one_that_has_ended_is_a_line(view: View) -> None:
    other = View("other.mp4", lambda: 0.0)
    other.end("it has no sound")
    report = LiveReport([view, other])
    assert _shown(report)[-1].strip() == "other.mp4: it has no sound"


def test_while_servers_start_their_names_fill_a_line(view: View) -> None:
    waiting = View("lecture.mp4")
    report = LiveReport([waiting])
    report.process_changed(ProcessState(name="postgres", phase=ProcessPhase.READY))
    report.process_changed(ProcessState(name="redis", phase=ProcessPhase.STARTING))
    assert _shown(report) == ["Starting the servers and the workers… postgres"]
