"""Where English sentences end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sentences import NupunktSentences
from tests.lectures import unhurried


def split(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in NupunktSentences().split(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "I asked Dr. Smith about it.",
        "Take a muscle, e.g. this one, and stretch it.",
        "The ratio is 3.5 to one.",
        "We meet at 10 a.m. on Monday.",
        "It runs on version 0.2.1 of the kernel.",
        "See Fig. 3 of the handout.",
        "Prof. Jones of the U.S. Dept. of Energy disagreed.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    assert split(f"{sentence} And then?") == [sentence, "And then?"]


def test_questions_and_exclamations_end_sentences() -> None:
    assert split("Why is that? Look! It beats.") == ["Why is that?", "Look!", "It beats."]


def test_a_text_without_full_stops_is_one_sentence() -> None:
    assert split("so we go on and on and on") == ["so we go on and on and on"]


def test_an_empty_text_has_no_sentences() -> None:
    assert split("") == []


@unhurried
@given(st.text(max_size=200) | st.text(alphabet="aA. ?!\"'", max_size=200))
def test_the_sentences_cover_the_text_without_gap_or_overlap(text: str) -> None:
    spans = NupunktSentences().split(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(start < end for start, end in spans)
