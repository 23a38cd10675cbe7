"""A video's page: the facts of the database, and what follows from them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from schemas.errors import error_class
from schemas.library import VideoDetail, VideoFacts, VideoFailure
from schemas.videos import Stage, StageProgress, VideoChange, VideoStatus
from starters.progress import Progress

# About the share of a lecture's way that each stage takes: a bar that creeps and then leaps is worse than a rough one.
_SHARES = {
    Stage.FETCH: 0.05,
    Stage.AUDIO: 0.05,
    Stage.TRANSCRIPT: 0.75,
    Stage.CHUNKS: 0.01,
    Stage.EMBEDDINGS: 0.07,
    Stage.QUIZ: 0.07,
}


def describe(facts: VideoFacts, now: datetime | None = None) -> VideoDetail:
    """The page, as of now."""
    stages = Progress(facts.changes).stages
    is_processing = facts.card.status is VideoStatus.PROCESSING
    return VideoDetail(
        **dict(facts.card),
        progress=1.0 if facts.card.status is VideoStatus.COMPLETED else _share(stages),
        seconds_left=_seconds_left(facts.changes, stages, now or datetime.now(UTC)) if is_processing else None,
        stages=stages,
        failure=_failure(facts),
        transcript=facts.transcript,
        quiz_ids=facts.quiz_ids,
    )


def _failure(facts: VideoFacts) -> VideoFailure | None:
    code = facts.failure_code
    if code is None:
        return None
    return VideoFailure(code=code, message=facts.failure_message or "", cure=error_class(code).cure)


def _share(stages: Sequence[StageProgress]) -> float:
    return round(sum(_SHARES[stage.stage] * _done(stage) for stage in stages), 4)


def _done(stage: StageProgress) -> float:
    if stage.seconds is not None:
        return 1.0
    return min(1.0, stage.done / stage.total) if stage.total > 0 else 0.0


def _seconds_left(changes: Sequence[VideoChange], stages: Sequence[StageProgress], now: datetime) -> float | None:
    """Of the stage that needs the longest, if it goes on as it went; what follows it is short."""
    running = (stage for stage in stages if stage.seconds is None)
    left = [seconds for stage in running if (seconds := _left(changes, stage, now)) is not None]
    return max(left, default=None)


def _left(changes: Sequence[VideoChange], stage: StageProgress, now: datetime) -> float | None:
    """A pace needs two points: the first may hold what an earlier run had done."""
    told = [change for change in changes if change.data["stage"] == stage.stage and change.data["state"] == "progress"]
    if not told:
        return None
    first, last = (StageProgress.model_validate(change.data).done for change in (told[0], told[-1]))
    seconds = (told[-1].at - told[0].at).total_seconds()
    if last <= first:
        return None
    left = (stage.total - last) * seconds / (last - first) - (now - told[-1].at).total_seconds()
    return round(max(0.0, left), 1)
