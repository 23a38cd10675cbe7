"""Texts that a caller writes: on one line, without what cannot be seen."""

from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.words import plain_text


def _line(text: str) -> str:
    """PostgreSQL takes no NUL, and nobody reads a surrogate."""
    shown = plain_text(text)
    if not shown:
        raise ValueError("it holds nothing that can be seen")
    return shown


Title = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_line)]
SegmentText = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_line)]
