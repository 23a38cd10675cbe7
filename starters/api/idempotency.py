"""The sender's own name for what is asked, so that asking twice is asking once."""

from typing import Annotated

from fastapi import Header
from starlette.requests import Request

from adapters.postgres.events import MAX_KEY_LENGTH
from starters.api.envelope import add_header

REPEATED = "Idempotent-Replayed"

_HEADER = Header(
    alias="Idempotency-Key",
    min_length=1,
    max_length=MAX_KEY_LENGTH,
    pattern=r"^[\x20-\x7e]+$",  # other bytes of a header are anybody's guess
    description="The sender's name for what is asked: the same key again gets the first answer.",
)
IdempotencyKey = Annotated[str, _HEADER]
OptionalIdempotencyKey = Annotated[str | None, _HEADER]


def mark_repeat(request: Request) -> None:
    """Say that the answer was given before, to the same key."""
    add_header(request, REPEATED, "true")
