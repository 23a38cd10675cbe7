"""Texts that people type, as they come over HTTP."""

from typing import Annotated

from pydantic import AfterValidator

from schemas.words import plain_text


def _plain(text: str) -> str:
    """Without what cannot be seen: it is no question, and PostgreSQL stores no NUL."""
    if not (plain := plain_text(text)):
        raise ValueError("there are no words in it")
    return plain


PlainText = Annotated[str, AfterValidator(_plain)]
