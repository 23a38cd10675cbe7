"""How far a long step is, for the person who watches."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from activities.ports import VideoRepository
from schemas.errors import StoreUnavailable, Superseded
from schemas.videos import Stage, VideoRef

INTERVAL_SECONDS = 1.0  # each report is a row that every watching client is sent


@asynccontextmanager
async def following(
    videos: VideoRepository, video: VideoRef, stage: Stage, total: float, unit: str
) -> AsyncIterator[Callable[[float], None]]:
    """A function that takes how much is done; it is stored at most once a second.

    A report that cannot be stored is dropped: it is worth less than the work that it is about. Whether the video is
    still ours is found out by the write that ends the step.
    """
    latest = 0.0

    def take(done: float) -> None:
        nonlocal latest
        latest = done

    async def report() -> None:
        reported = latest
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            if latest == reported:
                continue
            reported = latest
            try:
                await videos.advance_stage(video, stage, reported, total, unit)
            except StoreUnavailable:
                continue
            except Superseded:
                return

    reports = asyncio.create_task(report())
    try:
        yield take
    finally:
        reports.cancel()
        await asyncio.gather(reports, return_exceptions=True)
