"""What follows from a video's facts: its share, and the time that is left."""

from datetime import timedelta
from uuid import UUID

from schemas.library import VideoCard, VideoFacts
from schemas.videos import Stage, VideoChange, VideoStatus
from starters.library import describe
from tests.starters.changes import BEGIN, stage


def _facts(*changes: VideoChange, status: VideoStatus = VideoStatus.PROCESSING) -> VideoFacts:
    card = VideoCard(
        id=UUID(int=1),
        title="On glaciers",
        course=None,
        status=status,
        published=False,
        duration_seconds=None,
        created_at=BEGIN,
        completed_at=None,
    )
    return VideoFacts(card, None, None, changes, None, ())


def test_the_time_left_follows_from_the_pace_between_the_first_and_the_last_word() -> None:
    # Forty of a hundred parts were stored before this run: a pace from the start would be four times too fast.
    changes = [
        stage(1, Stage.TRANSCRIPT, "started", 0, 100, "parts", second=0),
        stage(2, Stage.TRANSCRIPT, "progress", 41, 100, "parts", second=2),
        stage(12, Stage.TRANSCRIPT, "progress", 51, 100, "parts", second=22),
    ]
    detail = describe(_facts(*changes), BEGIN + timedelta(seconds=30))
    assert detail.seconds_left == 49 * 2 - 8


def test_one_word_is_no_pace_and_a_stage_that_is_late_has_nothing_left() -> None:
    first = stage(2, Stage.TRANSCRIPT, "progress", 1, 4, "parts", second=2)
    assert describe(_facts(first), BEGIN).seconds_left is None
    second = stage(3, Stage.TRANSCRIPT, "progress", 3, 4, "parts", second=4)
    assert describe(_facts(first, second), BEGIN + timedelta(hours=1)).seconds_left == 0


def test_a_video_that_is_not_being_processed_has_no_time_left() -> None:
    changes = [stage(n, Stage.TRANSCRIPT, "progress", n, 4, "parts", second=n) for n in (1, 2)]
    assert describe(_facts(*changes, status=VideoStatus.CANCELLED), BEGIN).seconds_left is None


def test_the_share_is_whole_when_every_stage_is_finished() -> None:
    changes = [stage(n, name, "finished", 1, 1, "x", second=n) for n, name in enumerate(Stage, 1)]
    assert describe(_facts(*changes), BEGIN).progress == 1
    assert describe(_facts(), BEGIN).progress == 0
