"""Watch time: what analytics counts."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter

from adapters.postgres.watching import WatchLog
from schemas.watching import WatchBatch, WatchReceipt
from starters.api.calling import AnyCaller, ResourcesDep

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.post("/{video_id}/watch")
async def watch(video_id: UUID, batch: WatchBatch, caller: AnyCaller, resources: ResourcesDep) -> WatchReceipt:
    """Count what was watched. A batch counts once, however often it is sent; a creator's own views are marked."""
    await WatchLog(resources.database).add(caller, video_id, batch, datetime.now(UTC))
    return WatchReceipt(batch_id=batch.batch_id, items=len(batch.items), seconds=batch.seconds)
