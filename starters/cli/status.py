"""`mentora status`: what runs here, and how far the videos are."""

from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter
from cyclopts.validators import Number

from adapters.embedded.state import HomeState
from adapters.postgres.summaries import VideoSummaries
from adapters.postgres.videos import VideoReader
from schemas.ids import creator_id
from schemas.videos import StageProgress, Video
from starters.cli.console import HomeOption, JsonOption, say, say_json, settings_for
from starters.cli.options import CreatorOption, VideoArgument
from starters.cli.reach import Reach, named_video, reading
from starters.cli.times import clock, lasting
from starters.cli.view import amount_of
from starters.results import VideoResult, gather_result

_NEWEST = 20
_SHORT_ID = 8


async def status(
    video: VideoArgument | None = None,
    *,
    limit: Annotated[
        int, Parameter(validator=Number(gte=1, lte=1000), help="How many videos to list, newest first.")
    ] = _NEWEST,
    creator: CreatorOption = "me",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show the servers and workers of the home, and the newest videos; or, of one video, every stage.

    Where no `mentora up` runs, the database is started for an instant, so the videos are told all the same. Ends with
    81 where nothing runs and nothing was processed yet.

    Example: `mentora status`, or `mentora status lecture.mp4 --json`.
    """
    async with reading(settings_for(home)) as reach:
        if video is not None:
            found = await named_video(reach, creator, video)
            result = await gather_result(reach.database, found, reach.ui)
            _show_video(result, as_json=json)
            return
        videos = await VideoReader(reach.database).newest(creator_id(creator), limit)
        unfinished = [known.id for known in videos if not known.status.is_final]
        stages = await VideoSummaries(reach.database).latest_stages(creator_id(creator), unfinished)
    _show_all(reach, videos, stages, as_json=json)


def _show_video(result: VideoResult, *, as_json: bool) -> None:
    if as_json:
        say_json(result.model_dump(mode="json"))
        return
    took = f" after {lasting(result.elapsed_seconds)}" if result.elapsed_seconds is not None else ""
    say(f"{result.title}: {result.status}{took} ({result.video_id})")
    if result.error is not None:
        say(f"{result.error.message}\n{result.error.cure}")
    for name, stage in result.stages.items():
        amount = amount_of(StageProgress(stage=name, done=stage.done, total=stage.total, unit=stage.unit))
        took = lasting(stage.seconds) if stage.seconds is not None else "under way"
        say(f"  {name:<12}{took:<12}{amount}")
    if result.temporal_ui:
        say(f"Temporal UI: {result.temporal_ui}")


def _show_all(reach: Reach, videos: list[Video], stages: dict[UUID, StageProgress], *, as_json: bool) -> None:
    if as_json:
        say_json(_document(reach, videos, stages))
        return
    _say_processes(reach)
    say("\nVideos, newest first:" if videos else "\nNo videos yet: `mentora process LECTURE.mp4` makes one.")
    for video in videos:
        long = clock(video.duration_seconds) if video.duration_seconds else ""
        say(f"  {str(video.id)[:_SHORT_ID]}  {_state(video, stages):<28}{long:>8}  {video.title}")


def _say_processes(reach: Reach) -> None:
    state = reach.state
    if state is None:
        home = reach.settings.home_path
        say(f"No `mentora up` runs in {home}: nothing is processed now." if reach.is_own else "Real clusters are used.")
        return
    say(f"{reach.settings.home_path} (`mentora` has pid {state.pid})")
    for process in state.processes:
        restarts = f"started again {process.restarts} x" if process.restarts else ""
        say(f"  {process.name:<18}{process.phase:<12}pid {process.pid:<9}{restarts}".rstrip())


def _state(video: Video, stages: dict[UUID, StageProgress]) -> str:
    """The status, and for who is on the way the stage."""
    if video.failure_code:
        return f"{video.status}: {video.failure_code}"
    stage = stages.get(video.id)
    return f"{stage.stage}: {amount_of(stage)}" if stage is not None else video.status


def _document(reach: Reach, videos: list[Video], stages: dict[UUID, StageProgress]) -> dict[str, Any]:
    return {
        "home": reach.settings.home_path,
        "running": reach.state is not None,
        "processes": _processes(reach.state),
        "temporal_ui_url": reach.ui.address or None,
        "videos": [_video(video, stages.get(video.id)) for video in videos],
    }


def _processes(state: HomeState | None) -> list[dict[str, Any]]:
    shown = {"name", "phase", "pid", "restarts"}
    return [process.model_dump(mode="json", include=shown) for process in state.processes] if state else []


def _video(video: Video, stage: StageProgress | None) -> dict[str, Any]:
    return {
        "video_id": video.id,
        "title": video.title,
        "status": video.status,
        "duration_seconds": video.duration_seconds,
        "stage": stage.model_dump(mode="json", exclude={"seconds"}) if stage else None,
        "error": video.failure_code,
    }
