"""Citations are found as they stream past, wherever a piece is cut, and only of passages that were given."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.chats import Citation
from starters.citations import CitationReader
from tests.adapters.chat.asked import passage
from tests.lectures import unhurried

PASSAGES = (passage(1, "Energy is conserved. Always."), passage(2, "Momentum survives."))


def _read(pieces: list[str]) -> tuple[str, list[int]]:
    reader = CitationReader(PASSAGES)
    told = [told for piece in pieces for told in reader.feed(piece)] + list(reader.end())
    text = "".join(piece for piece in told if isinstance(piece, str))
    return text, [piece.number for piece in told if isinstance(piece, Citation)]


@pytest.mark.parametrize(
    ("written", "shown", "cited"),
    [
        ("It is [1].", "It is [1].", [1]),
        ("It is [2][1], truly [1].", "It is [2][1], truly [1].", [2, 1]),
        ("It is [1, 2].", "It is [1][2].", [1, 2]),
        ("It is [3] or [99] or [0].", "It is or or.", []),
        ("a[i] = [x], [ 1, [12345] [1", "a[i] = [x], [ 1, [12345] [1", []),
        ("no mark", "no mark", []),
        ("nul\0 and half \ud83d", "nul and half ?", []),
        ("", "", []),
    ],
)
def test_known_numbers_stay_and_unknown_ones_are_dropped(written: str, shown: str, cited: list[int]) -> None:
    assert _read([written]) == (shown, cited)
    assert _read(list(written)) == (shown, cited)


def test_the_quotation_is_the_passages_own_sentence() -> None:
    reader = CitationReader(PASSAGES)
    (text, citation) = list(reader.feed('"Energy is lost" [1].'))[:2]
    assert text == '"Energy is lost" [1].'
    assert isinstance(citation, Citation)
    assert citation.quotation == "Energy is conserved."
    assert (citation.start_second, citation.end_second) == (10, 15)
    assert type(citation) is Citation


@unhurried
@given(st.lists(st.text(alphabet="ab [],129\n", max_size=6), max_size=12))
def test_however_it_is_cut_the_same_is_read(pieces: list[str]) -> None:
    text, cited = _read(pieces)
    assert (text, cited) == _read(["".join(pieces)])
    assert set(cited) <= {1, 2}
    marks = [int(n) for mark in re.findall(r"\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]", text) for n in mark.split(",")]
    assert set(cited) <= set(marks)
