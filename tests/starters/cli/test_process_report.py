"""What `mentora process` says to a file while it works."""

import pytest

from adapters.embedded.state import ProcessPhase, ProcessState
from schemas.videos import Stage
from starters.cli.process_report import TextReport
from starters.cli.view import View
from tests.lectures import spoken
from tests.starters.changes import stage


def test_every_fact_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    view = View("lecture.mp4", lambda: 0.0)
    report = TextReport([view])
    view.video_id = "76ed1d7a"
    view.take(stage(1, Stage.AUDIO, "started", 0, 90, "seconds"))
    view.take(stage(2, Stage.AUDIO, "finished", 90, 90, "seconds", second=2))
    view.take(stage(3, Stage.TRANSCRIPT, "progress", 1, 3, "parts"))
    view.first_segments = [spoken("The crust is thin. The mantle is thick.", 1)]
    for _ in range(3):
        report.changed(view)
    assert capsys.readouterr().out.splitlines() == [
        "video 76ed1d7a",
        "audio      1:30, 2.0 s",
        "transcript 1 of 3 parts",
        "    0:01  The crust is thin.",
        "    0:02  The mantle is thick.",
    ]


def test_several_lectures_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    views = [View("a.mp4"), View("b.mp4")]
    report = TextReport(views)
    for view in views:
        view.video_id = "1"
        report.changed(view)
    assert capsys.readouterr().out.splitlines() == ["a.mp4: video 1", "b.mp4: video 1"]


def test_servers_that_are_started_are_announced_once_and_their_deaths_each(capsys: pytest.CaptureFixture[str]) -> None:
    report = TextReport([View("a.mp4")])
    report.process_changed(ProcessState(name="postgres", phase=ProcessPhase.STARTING))
    report.process_changed(ProcessState(name="postgres", phase=ProcessPhase.READY))
    report.process_changed(ProcessState(name="media", phase=ProcessPhase.RESTARTING))
    report.end()
    report.process_changed(ProcessState(name="media", phase=ProcessPhase.STOPPED))
    assert capsys.readouterr().out.splitlines() == [
        "Starting the servers and the workers…",
        "↻ media died; it is started again (see logs/media.log)",
    ]
