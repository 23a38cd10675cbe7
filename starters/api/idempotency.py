"""The sender's own name for what is asked, so that asking twice is asking once."""

from typing import Annotated

from fastapi import Header

from adapters.postgres.events import MAX_KEY_LENGTH

_HEADER = Header(
    alias="Idempotency-Key",
    min_length=1,
    max_length=MAX_KEY_LENGTH,
    pattern=r"^[\x20-\x7e]+$",  # other bytes of a header are anybody's guess
    description="The sender's name for what is asked: the same key again gets the first answer.",
)
IdempotencyKey = Annotated[str, _HEADER]
OptionalIdempotencyKey = Annotated[str | None, _HEADER]
