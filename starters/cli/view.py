"""One lecture on its way, as whoever watches it sees it: stages, paces and what is left."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.transcripts import Segment
from schemas.videos import Stage, StageProgress, VideoChange, VideoStatus
from starters.cli.times import clock, lasting
from starters.progress import Progress

NEGLECTED = "no worker has taken it yet; `mentora status` shows which run"

_MEGABYTE = 1_000_000
_NEGLECT_SECONDS = 20.0  # workers take a second to start, and a video waits for nothing else


@dataclass(frozen=True)
class Row:
    """One stage: `done` of `total` for its bar (0 of 0: nobody knows), and the same in words."""

    name: str
    done: float
    total: float
    amount: str
    note: str
    is_finished: bool


@dataclass(frozen=True)
class Pace:
    """Since when, on this machine's clock, a stage has been watched, and how much of it was done by then."""

    began: float
    done: float

    def left(self, done: float, total: float, now: float) -> float | None:
        """Seconds until `total`, if it goes on like this; None where nobody can know."""
        rate = self.rate(done, now)
        return (total - done) / rate if rate and total > done else None

    def rate(self, done: float, now: float) -> float | None:
        """How much is done in a second; None as long as nothing was done."""
        return (done - self.done) / (now - self.began) if done > self.done and now > self.began else None


class View:
    """A lecture that is being read, submitted, followed."""

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.video_id = ""
        self.is_repeat = False
        self.read_bytes = (0, 0)
        self.progress = Progress()
        self.heard_seconds = (0.0, 0.0)  # of audio: transcribed, and all
        self.first_segments: Sequence[Segment] = ()
        self.failure = ""
        self._now = now
        self._paces: dict[Stage, Pace] = {}
        self._began = now()
        self._ended: float | None = None

    @property
    def is_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self._ended is not None

    @property
    def waited_seconds(self) -> float:
        """Since this view was made, until its end."""
        return (self._ended if self._ended is not None else self._now()) - self._began

    @property
    def is_neglected(self) -> bool:
        """Whether it was submitted a while ago and nobody has begun with it."""
        has_begun = bool(self.progress.stages) or self.progress.status is not VideoStatus.QUEUED
        return bool(self.video_id) and not has_begun and self.waited_seconds > _NEGLECT_SECONDS

    @property
    def headline(self) -> str:
        """The lecture and what happens to it, in some words."""
        if self.failure:
            return f"{self.name}: {self.failure}"
        if self.is_ended:
            return f"{self.name}: {self.progress.status} after {lasting(self.waited_seconds)}"
        if self.progress.stages or self.progress.status is VideoStatus.PROCESSING:
            return f"{self.name}: processing"
        if self.is_neglected:
            return f"{self.name}: {NEGLECTED}"
        if self.video_id:
            return f"{self.name}: waiting for a worker"
        done, total = self.read_bytes
        return f"{self.name}: reading, {100 * done // total} %" if total else f"{self.name}: reading"

    def take(self, change: VideoChange) -> None:
        """One more line of the change log."""
        self.progress.take(change)
        for stage in self.progress.stages:
            self._paces.setdefault(stage.stage, Pace(self._now(), 0.0))

    def caught_up(self) -> None:
        """The lines so far are history: a pace is of what is watched, not of what an earlier run had done."""
        self._paces = {stage.stage: Pace(self._now(), self._amount(stage)[0]) for stage in self.progress.stages}

    def end(self, failure: str = "") -> None:
        """It is completed, or has failed for the reason given."""
        self.failure = failure
        self._ended = self._now()

    def rows(self) -> list[Row]:
        """A row per stage that has begun."""
        return [self._row(stage) for stage in self.progress.stages]

    def _row(self, stage: StageProgress) -> Row:
        done, total = self._amount(stage)
        if stage.seconds is not None:
            return Row(stage.stage, 1, 1, amount_of(stage), lasting(stage.seconds), is_finished=True)
        return Row(stage.stage, done, total, amount_of(stage), self._note(stage, done, total), is_finished=False)

    def _note(self, stage: StageProgress, done: float, total: float) -> str:
        pace, now = self._paces[stage.stage], self._now()
        notes = []
        if stage.stage is Stage.TRANSCRIPT and (rate := pace.rate(done, now)):
            notes.append(f"{rate:.1f} x real time")
        if left := pace.left(done, total, now):
            notes.append(f"{clock(left)} left")
        return ", ".join(notes)

    def _amount(self, stage: StageProgress) -> tuple[float, float]:
        """Of a transcript the seconds: its parts differ in length."""
        if stage.stage is Stage.TRANSCRIPT and self.heard_seconds[1]:
            return self.heard_seconds
        return stage.done, stage.total


def amount_of(stage: StageProgress) -> str:
    """How much of what: "2 of 4 parts", "1:40 of 2:21", "7 chunks"."""
    if stage.unit == "seconds":
        return _of(clock(stage.done), clock(stage.total) if stage.total else "")
    if stage.unit == "bytes":
        return f"{_of(_megabytes(stage.done), _megabytes(stage.total) if stage.total else '')} MB"
    return f"{_of(f'{stage.done:g}', f'{stage.total:g}' if stage.total else '')} {stage.unit}".rstrip()


def _of(done: str, total: str) -> str:
    return f"{done} of {total}" if total and total != done else done


def _megabytes(count: float) -> str:
    return f"{count / _MEGABYTE:.1f}"
