"""What was watched of a video, as a player tells it."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field

from schemas.base import Frozen
from schemas.errors import RequestInvalid
from schemas.times import Timestamp

MAX_ITEMS = 100  # a player that tells once a minute has a dozen
MAX_SECOND = 86_400.0
OLDEST = timedelta(days=7)  # a player may have been offline for so long; partitions reach back a month
NEWEST = timedelta(minutes=5)  # what a player's clock may be ahead
_ROUNDING_SECONDS = 2.0  # a container's own duration may exceed that of its sound


class Watched(Frozen):
    """A stretch of the video in seconds from its start, and when it was watched."""

    from_second: float = Field(ge=0, le=MAX_SECOND, allow_inf_nan=False)
    to_second: float = Field(ge=0, le=MAX_SECOND, allow_inf_nan=False)
    at: Timestamp


class WatchBatch(Frozen):
    """Stretches that are sent, and sent again, together: `batch_id` is the player's own name for them."""

    batch_id: UUID
    items: tuple[Watched, ...] = Field(min_length=1, max_length=MAX_ITEMS)

    @property
    def seconds(self) -> float:
        """Watched in all."""
        return sum(item.to_second - item.from_second for item in self.items)

    def check(self, duration_seconds: float | None, now: datetime) -> None:
        """Raises: RequestInvalid, where a stretch cannot have been watched. A duration not known yet holds nothing."""
        limit = MAX_SECOND if duration_seconds is None else duration_seconds + _ROUNDING_SECONDS
        fields = tuple(
            (f"body.items.{n}.{field}", problem)
            for n, item in enumerate(self.items)
            for field, problem in _problems(item, limit, now)
        )
        if fields:
            raise RequestInvalid(f"{fields[0][0]}: {fields[0][1]}", fields)


def _problems(item: Watched, limit: float, now: datetime) -> list[tuple[str, str]]:
    found = []
    if item.to_second <= item.from_second:
        found.append(("to_second", "a stretch ends after it begins"))
    if item.to_second > limit:
        found.append(("to_second", "the video ends before"))
    if item.at > now + NEWEST:
        found.append(("at", "this is still to come"))
    if item.at < now - OLDEST:
        found.append(("at", f"this is more than {OLDEST.days} days ago"))
    return found


class WatchReceipt(Frozen):
    """What a batch counts for: the same however often it is sent."""

    batch_id: UUID
    items: int
    seconds: float
