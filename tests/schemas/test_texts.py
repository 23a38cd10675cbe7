"""Titles, whatever they are made of."""

import pytest
from pydantic import TypeAdapter

from schemas.texts import TITLE_CHARACTERS, Title, title_of


@pytest.mark.parametrize(
    ("candidates", "title"),
    [
        (("On glaciers", "a.mp4"), "On glaciers"),
        (("\ufe0f", "\u202e\x00", " a.mp4\n"), "a.mp4"),
        (("caf\udce9",), "caf?"),
        (("x" * 299 + " y",), "x" * 299),
        (("", "\ue000"), "Untitled"),
        ((), "Untitled"),
    ],
)
def test_the_first_that_shows_anything_is_a_title(candidates: tuple[str, ...], title: str) -> None:
    assert title_of(*candidates) == title
    assert TypeAdapter(Title).validate_python(title) == title
    assert len(title) <= TITLE_CHARACTERS
