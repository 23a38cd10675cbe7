"""Texts that a caller writes: on one line, without what cannot be seen."""

from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.words import plain_text

TITLE_CHARACTERS = 300
_UNTITLED = "Untitled"


def title_of(*candidates: str) -> str:
    """The first of these names that shows anything, as a `Title`; else "Untitled".

    The names of files may hold what is no text: bytes that are not UTF-8, and characters that cannot be seen.
    """
    return next(filter(None, map(title_line, candidates)), _UNTITLED)


def title_line(text: str) -> str:
    """What of it can be seen, cut to a title's length: nothing, or a `Title`."""
    return plain_text(text.encode(errors="replace").decode())[:TITLE_CHARACTERS].strip()


def _line(text: str) -> str:
    """PostgreSQL takes no NUL, and nobody reads a surrogate."""
    shown = plain_text(text)
    if not shown:
        raise ValueError("it holds nothing that can be seen")
    return shown


PlainText = Annotated[str, AfterValidator(_line)]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_CHARACTERS), AfterValidator(_line)]
SegmentText = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_line)]
