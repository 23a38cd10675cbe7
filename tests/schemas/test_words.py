"""Words as they can be read and shown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.transcripts import Segment, Word
from schemas.words import MAX_WORD_CHARACTERS, plain_text, reworded, words_of
from tests.lectures import lectures, spoken, timed, unhurried


def texts(*segments: Segment) -> list[str]:
    return [word.text for word in words_of(segments)]


def test_a_word_behind_a_space_is_a_word_and_one_without_is_the_end_of_the_word_before() -> None:
    words = timed([" An", " old", "-fashioned", " way."])
    [_, old, way] = words_of([Segment(start=0, end=2, text="", words=words)])
    assert (old.text, old.start, old.end) == ("old-fashioned", 0.4, 1.2)
    assert way.text == "way."


def test_words_without_any_spaces_are_words_of_their_own() -> None:
    assert texts(Segment(start=0, end=2, text="", words=timed(["so", "it", "is"]))) == ["so", "it", "is"]


def test_the_segment_s_text_gives_the_punctuation_that_its_words_lack() -> None:
    assert texts(Segment(start=0, end=2, text=" Well, it is.", words=timed(["Well", "it", "is"]))) == [
        "Well,",
        "it",
        "is.",
    ]


def test_words_that_the_segment_s_text_does_not_have_stand_as_they_are() -> None:
    assert texts(Segment(start=0, end=2, text="ten percent", words=timed(["10", "percent"]))) == ["10", "percent"]


def test_a_word_with_a_blank_inside_becomes_two_that_share_its_time_by_characters() -> None:
    words = words_of([Segment(start=0, end=2, text="", words=(Word(start=0, end=2, text=" New York", probability=1),))])
    assert [(word.text, word.start, word.end) for word in words] == [("New", 0, 0.75), ("York", 1, 2)]


def test_untimed_words_share_their_segment_s_time_by_characters() -> None:
    words = words_of([Segment(start=10, end=20, text="one three")])
    assert [(word.text, round(word.start, 3), round(word.end, 3)) for word in words] == [
        ("one", 10, 13.333),
        ("three", 14.444, 20),
    ]


def test_a_word_longer_than_a_caption_s_line_is_cut() -> None:
    assert [len(text) for text in texts(spoken("a" * 100))] == [40, 40, 20]


def test_blank_segments_and_words_are_no_words() -> None:
    assert texts(Segment(start=0, end=1, text=" "), Segment(start=1, end=2, text="", words=timed([" ", "\n"]))) == []


def test_starts_never_go_back() -> None:
    words = words_of([spoken("late", start=5), spoken("early", start=3)])
    assert [(word.start, word.end) for word in words] == [(5, 5.4), (5, 5)]


@pytest.mark.parametrize(
    "hidden", ["\0", "\x1b", "\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\ufe0f", "\ue000"]
)
def test_characters_that_nobody_sees_are_taken_out(hidden: str) -> None:
    assert plain_text(f"he{hidden}art") == "heart"


def test_every_blank_is_one_space_and_joiners_stay() -> None:
    assert plain_text(" a\t\r\nb\u2028c\u00a0d ") == "a b c d"
    assert plain_text("می\u200cخواهم") == "می\u200cخواهم"


@unhurried
@given(lectures())
def test_no_character_is_lost_and_times_stay_inside_and_in_order(segments: list[Segment]) -> None:
    words = words_of(segments)
    assert "".join(word.text for word in words) == "".join("".join(segment.text.split()) for segment in segments)
    assert all(word.text and not any(map(str.isspace, word.text)) for word in words)
    assert all(len(word.text) <= MAX_WORD_CHARACTERS and word.start <= word.end for word in words)
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert not words or (segments[0].start <= starts[0] and max(word.end for word in words) <= segments[-1].end)


@unhurried
@given(st.text())
def test_plain_text_is_plain_already(text: str) -> None:
    assert plain_text(plain_text(text)) == plain_text(text)


# ---- Corrected words -------------------------------------------------------------------------------------------------


def _times(words: list[Word]) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.end) for word in words]


def test_words_that_stay_keep_their_times_and_others_share_those_they_stand_for() -> None:
    heard = spoken("The might trail valve opens.", seconds=1)
    assert _times(reworded("The mitral valve opens.", heard)) == [
        ("The", 0, 1),
        ("mitral", 1, 3),
        ("valve", 3, 4),
        ("opens.", 4, 5),
    ]


def test_words_put_in_between_fill_the_pause_and_words_taken_out_leave_one() -> None:
    heard = spoken("The valve opens.", seconds=1, pause=1)
    assert _times(reworded("The valve now opens.", heard))[2] == ("now", 3, 4)
    assert _times(reworded("The opens.", heard)) == [("The", 0, 1), ("opens.", 4, 5)]


def test_a_loop_of_the_model_is_compared_at_its_ends_and_in_no_time() -> None:
    loop = spoken(" ".join(["so", *["very"] * 970, "cold."]), seconds=1)
    began = time.process_time()
    words = reworded(" ".join(["so", *["it", "is", "very"] * 300, "cold."]), loop)
    assert time.process_time() - began < 1
    assert (len(words), _times(words)[0]) == (902, ("so", 0, 1))
    assert [words[-3].end, *_times(words)[-2:]] == [970, ("very", 970, 971), ("cold.", 971, 972)]


def test_what_a_loop_shares_with_its_correction_at_both_ends_is_not_counted_twice() -> None:
    loop = spoken(" ".join(["very"] * 100), seconds=1)
    assert _times(reworded(" ".join(["very"] * 99), loop)) == [("very", n, n + 1) for n in range(99)]
    assert len(reworded(" ".join(["very"] * 101), loop)) == 101


@unhurried
@given(lectures(max_segments=1), lectures(max_segments=1))
def test_a_corrected_segment_reads_as_it_was_written_within_its_time(said: list[Segment], meant: list[Segment]) -> None:
    for heard, text in zip(said, meant, strict=False):
        words = reworded(text.text, heard)
        corrected = heard.model_copy(update={"text": text.text, "words": tuple(words)})
        written = words_of([heard.model_copy(update={"text": text.text, "words": ()})])
        assert [word.text for word in words_of([corrected])] == [word.text for word in written]
        starts = [word.start for word in words]
        assert starts == sorted(starts)
        assert all(heard.start <= word.start <= word.end for word in words)
