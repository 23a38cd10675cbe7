"""Lists in pages: a cursor names the place behind which the next page begins."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query

from schemas.library import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,17}\.[0-9a-f]{32}$", description="The `next` of the page before.", max_length=60),
]


def page_of(found: list[Item], limit: int, place: Callable[[Item], Place]) -> tuple[list[Item], str | None]:
    """The page, and the cursor of the next one. `found` was asked for with one more than `limit`, which tells of it."""
    items = found[:limit]
    if len(found) == len(items):
        return items, None
    last = place(items[-1])
    return items, f"{(last.at - _EPOCH) // _MICROSECOND}.{last.id.hex}"


def place_of(cursor: str | None) -> Place | None:
    """Where a cursor points; None is the beginning."""
    if cursor is None:
        return None
    at, _, key = cursor.partition(".")
    return Place(at=_EPOCH + int(at) * _MICROSECOND, id=UUID(key))
