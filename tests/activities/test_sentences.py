"""From words with times to sentences with times."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from activities.sentences import MAX_SENTENCE_WORDS, MIN_SENTENCE_WORDS, sentences_of
from schemas.transcripts import Segment
from schemas.words import words_of
from tests.lectures import lectures, spoken, unhurried


class FullStops:
    """Cuts behind every full stop."""

    def split(self, text: str) -> list[tuple[int, int]]:
        ends = [i + 2 for i, character in enumerate(text[:-2]) if text[i : i + 2] == ". "]
        return list(zip([0, *ends], [*ends, len(text)], strict=True))


@dataclass
class CutsAt:
    """Cuts where it is told."""

    starts: list[int]

    def split(self, text: str) -> list[tuple[int, int]]:
        return list(zip(self.starts, [*self.starts[1:], len(text)], strict=True))


def test_a_sentence_has_its_words_and_the_time_from_the_first_to_the_last() -> None:
    first, second = sentences_of([spoken("It beats. It rests."), spoken("Again.", start=9)], FullStops())[:2]
    assert (first.text, first.start_second, first.end_second) == ("It beats.", 0, 0.8)
    assert (second.text, second.start_second, second.end_second) == ("It rests.", 0.8, 1.6)


def test_a_sentence_may_reach_over_segments() -> None:
    [sentence] = sentences_of([spoken("It beats"), spoken("and rests.", start=9)], FullStops())
    assert (sentence.text, sentence.end_second) == ("It beats and rests.", 9.8)


def test_a_cut_inside_a_word_leaves_the_word_whole() -> None:
    texts = [sentence.text for sentence in sentences_of([spoken("one two three")], CutsAt([0, 5]))]
    assert texts == ["one two", "three"]


def test_speech_without_full_stops_is_cut_at_its_longest_pause() -> None:
    before, after = spoken("so " * 30), spoken("and " * 40, start=30 * 0.4 + 0.9)
    lengths = [len(sentence.words) for sentence in sentences_of([before, after], FullStops())]
    assert lengths == [30, 40]


def test_speech_without_full_stops_and_pauses_is_cut_at_the_limit() -> None:
    lengths = [len(sentence.words) for sentence in sentences_of([spoken("so " * 130)], FullStops())]
    assert lengths == [MAX_SENTENCE_WORDS, MAX_SENTENCE_WORDS, 10]


def test_the_rest_of_a_cut_sentence_is_not_tiny() -> None:
    lengths = [len(sentence.words) for sentence in sentences_of([spoken("so " * 62)], FullStops())]
    assert lengths == [62 - MIN_SENTENCE_WORDS, MIN_SENTENCE_WORDS]


def test_no_words_are_no_sentences() -> None:
    assert sentences_of([], FullStops()) == []


@unhurried
@given(lectures(), st.lists(st.integers(0, 400), min_size=1, unique=True).map(sorted))
def test_every_word_is_in_one_sentence_and_in_its_place_however_the_text_is_cut(
    segments: list[Segment], starts: list[int]
) -> None:
    sentences = sentences_of(segments, CutsAt(starts))
    assert [word for sentence in sentences for word in sentence.words] == words_of(segments)
    assert all(1 <= len(sentence.words) <= MAX_SENTENCE_WORDS for sentence in sentences)
    assert all(sentence.start_second <= sentence.end_second for sentence in sentences)
