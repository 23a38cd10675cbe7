"""Folding a change log into stages."""

from schemas.videos import Stage, VideoChange, VideoStatus
from starters.progress import Progress
from tests.starters.changes import BEGIN, stage, status


def test_a_video_without_changes_is_queued() -> None:
    progress = Progress()
    assert (progress.status, progress.stages, progress.number) == (VideoStatus.QUEUED, (), 0)


def test_a_stage_lasts_from_its_start_to_its_finish() -> None:
    progress = Progress(
        [
            stage(1, Stage.AUDIO, "started", 0, 135, "seconds", second=1),
            stage(2, Stage.AUDIO, "progress", 60, 135, "seconds", second=2),
            stage(3, Stage.AUDIO, "finished", 135, 135, "seconds", second=3.5),
        ]
    )
    (audio,) = progress.stages
    assert (audio.seconds, audio.done, audio.total, audio.unit) == (2.5, 135, 135, "seconds")


def test_a_running_stage_has_no_seconds_yet() -> None:
    progress = Progress([stage(1, Stage.TRANSCRIPT, "progress", 1, 4, "parts")])
    assert progress.transcript is not None
    assert progress.transcript.seconds is None
    assert progress.transcript.done == 1


def test_what_an_earlier_run_had_stored_is_finished_without_having_been_started() -> None:
    progress = Progress([stage(7, Stage.TRANSCRIPT, "finished", 4, 4, "parts", second=9)])
    assert progress.transcript is not None
    assert progress.transcript.seconds == 0


def test_stages_come_in_the_order_of_a_videos_way() -> None:
    progress = Progress(
        [stage(1, Stage.QUIZ, "started", 0, 10, "questions"), stage(2, Stage.FETCH, "started", 0, 0, "bytes")]
    )
    assert [told.stage for told in progress.stages] == [Stage.FETCH, Stage.QUIZ]


def test_the_status_is_the_last_one_told_and_the_number_the_highest() -> None:
    progress = Progress([status(1, "processing"), status(5, "completed")])
    assert progress.status is VideoStatus.COMPLETED
    assert progress.number == 5


def test_kinds_of_another_version_are_passed_over() -> None:
    progress = Progress([VideoChange(number=3, kind="applause", data={}, at=BEGIN)])
    assert (progress.number, progress.stages) == (3, ())
