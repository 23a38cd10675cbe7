"""A lecture on its way, as whoever watches it sees it."""

import pytest

from schemas.videos import Stage, StageProgress
from starters.cli.view import View, amount_of
from tests.starters.changes import stage, status


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view(clock: Clock) -> View:
    return View("lecture.mp4", clock)


def _started(view: View) -> None:
    view.take(stage(1, Stage.TRANSCRIPT, "started", 0, 4, "parts"))
    view.caught_up()


def test_speech_has_a_pace_in_real_time_and_a_time_left(view: View, clock: Clock) -> None:
    _started(view)
    clock.now += 5
    view.take(stage(2, Stage.TRANSCRIPT, "progress", 1, 4, "parts"))
    view.heard_seconds = (30, 120)
    (row,) = view.rows()
    assert (row.done, row.total) == (30, 120)
    assert (row.amount, row.note) == ("1 of 4 parts", "6.0 x real time, 0:15 left")


def test_what_an_earlier_run_had_done_makes_no_pace(view: View, clock: Clock) -> None:
    view.take(stage(1, Stage.TRANSCRIPT, "started", 0, 4, "parts"))
    view.take(stage(2, Stage.TRANSCRIPT, "progress", 3, 4, "parts"))
    view.heard_seconds = (90, 120)
    view.caught_up()
    clock.now += 10
    assert view.rows()[0].note == ""
    view.heard_seconds = (100, 120)
    assert view.rows()[0].note == "1.0 x real time, 0:20 left"


def test_a_stage_of_unknown_length_has_no_time_left(view: View, clock: Clock) -> None:
    view.take(stage(1, Stage.FETCH, "started", 0, 0, "bytes"))
    clock.now += 1
    view.take(stage(2, Stage.FETCH, "progress", 5_000_000, 0, "bytes"))
    assert (view.rows()[0].amount, view.rows()[0].note) == ("5.0 MB", "")


def test_a_finished_stage_has_a_full_bar_and_the_time_it_took(view: View) -> None:
    view.take(stage(1, Stage.CHUNKS, "started", 0, 0, "chunks"))
    view.take(stage(2, Stage.CHUNKS, "finished", 7, 7, "chunks", second=1.25))
    (row,) = view.rows()
    assert row.is_finished
    assert (row.done, row.total, row.amount, row.note) == (1, 1, "7 chunks", "1.2 s")


def test_the_headline_tells_where_the_lecture_is(view: View, clock: Clock) -> None:
    view.read_bytes = (50, 200)
    assert view.headline == "lecture.mp4: reading, 25 %"
    view.video_id = "76ed1d7a"
    assert view.headline == "lecture.mp4: waiting for a worker"
    view.take(status(1, "processing"))
    assert view.headline == "lecture.mp4: processing"
    view.take(status(2, "completed"))
    clock.now += 12
    view.end()
    clock.now += 100
    assert view.headline == "lecture.mp4: completed after 12 s"


def test_a_lecture_that_no_worker_takes_says_so_after_a_while(view: View, clock: Clock) -> None:
    view.video_id = "76ed1d7a"
    assert not view.is_neglected
    clock.now += 30
    assert view.headline.startswith("lecture.mp4: no worker has taken it yet")
    view.take(status(1, "processing"))
    assert not view.is_neglected


def test_a_failed_lecture_says_why(view: View) -> None:
    view.end("the file has no sound")
    assert view.headline == "lecture.mp4: the file has no sound"


@pytest.mark.parametrize(
    ("done", "total", "unit", "words"),
    [
        (2, 4, "parts", "2 of 4 parts"),
        (4, 4, "parts", "4 parts"),
        (7, 0, "chunks", "7 chunks"),
        (100, 141.4, "seconds", "1:40 of 2:21"),
        (141.4, 141.4, "seconds", "2:21"),
        (1_500_000, 0, "bytes", "1.5 MB"),
        (1_500_000, 3_000_000, "bytes", "1.5 of 3.0 MB"),
    ],
)
def test_an_amount_is_told_in_the_words_of_its_unit(done: float, total: float, unit: str, words: str) -> None:
    assert amount_of(StageProgress(stage=Stage.FETCH, done=done, total=total, unit=unit)) == words
