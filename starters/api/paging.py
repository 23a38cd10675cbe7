"""Lists in pages: a cursor names the place behind which the next page begins."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from schemas.chats import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,17}\.[0-9a-f]{32}$", description="The `next` of the page before.", max_length=60),
]


def cursor_of(at: datetime, key: UUID) -> str:
    """The place as a client carries it, exact to the microsecond."""
    return f"{(at - _EPOCH) // _MICROSECOND}.{key.hex}"


def place_of(cursor: str | None) -> Place | None:
    """The other way; None is the beginning."""
    if cursor is None:
        return None
    at, _, key = cursor.partition(".")
    return Place(at=_EPOCH + int(at) * _MICROSECOND, id=UUID(key))
