"""Captions: files that players read, in cues that people can."""

import html
import io
from itertools import pairwise
from typing import Literal, NamedTuple

import pytest
from hypothesis import given
from webvtt import WebVTT
from webvtt.models import Timestamp

from adapters.captions import LINE_CHARACTERS, render_captions
from schemas.transcripts import Segment, Word
from schemas.words import words_of
from tests.lectures import HEART, lectures, spoken, timed, unhurried

Kind = Literal["vtt", "srt"]
KINDS: tuple[Kind, ...] = ("vtt", "srt")


class Cue(NamedTuple):
    """A cue as another program reads it; times in milliseconds."""

    start: int
    end: int
    lines: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def read(rendered: str, kind: Kind) -> list[Cue]:
    if kind == "srt" and not rendered:
        return []  # webvtt-py takes an empty file for no SRT at all; players show nothing
    file = (
        WebVTT.from_string(rendered, strict=True) if kind == "vtt" else WebVTT.from_buffer(io.StringIO(rendered), "srt")
    )
    unescape = html.unescape if kind == "vtt" else str
    return [
        Cue(milliseconds(cue.start_time), milliseconds(cue.end_time), [unescape(line) for line in cue.lines])
        for cue in file.captions
    ]


def milliseconds(at: Timestamp) -> int:
    return ((at.hours * 60 + at.minutes) * 60 + at.seconds) * 1000 + at.milliseconds


def cues(segments: list[Segment], kind: Kind = "vtt") -> list[Cue]:
    return read(render_captions(segments, kind), kind)


def texts(segments: list[Segment], kind: Kind = "vtt") -> list[str]:
    return [cue.text for cue in cues(segments, kind)]


# ---- Files -----------------------------------------------------------------------------------------------------------


def test_a_lecture_is_a_webvtt_file() -> None:
    assert render_captions([spoken("The heart is a muscle.", start=3661.5)], "vtt") == (
        "WEBVTT\n\n01:01:01.500 --> 01:01:03.500\nThe heart is a muscle.\n"
    )


def test_a_lecture_is_an_srt_file() -> None:
    assert render_captions([spoken("It beats."), spoken("It rests.", start=3661.5)], "srt") == (
        "1\n00:00:00,000 --> 00:00:01,000\nIt beats.\n\n2\n01:01:01,500 --> 01:01:02,500\nIt rests.\n"
    )


def test_an_empty_transcript_is_an_empty_file() -> None:
    assert render_captions([], "vtt") == "WEBVTT\n"
    assert render_captions([], "srt") == ""
    assert [cues([], kind) for kind in KINDS] == [[], []]


@pytest.mark.parametrize("kind", KINDS)
def test_both_formats_have_the_same_cues(kind: Kind) -> None:
    assert cues([spoken(HEART)], kind) == cues([spoken(HEART)])


@pytest.mark.parametrize(
    "hostile",
    [
        "-->",
        "00:00:00.000 --> 00:00:09.000",
        "<script>alert(1)</script>",
        "<b>&amp;</b> &lt;i&gt;",
        "so\n\n1\n00:00:00,000 --> 00:00:09,000\nowned",
        "NOTE so",
        "WEBVTT",
        "STYLE ::cue{}",
        "{\\an8} so",
        "1",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_words_are_words_in_one_cue(hostile: str, kind: Kind) -> None:
    rendered = render_captions([spoken(f"so {hostile} and on")], kind)
    assert "<" not in rendered
    assert "{\\" not in rendered or kind == "vtt"
    assert rendered.count("-->") == len(read(rendered, kind))
    assert " ".join(cue.text for cue in read(rendered, kind)) == shown(f"so {' '.join(hostile.split())} and on", kind)


def shown(text: str, kind: Kind) -> str:
    """SRT has no escapes: look-alikes stand in for what players obey."""
    return text if kind == "vtt" else text.replace("<", "‹").replace(">", "›").replace("{\\", "{/")


def test_unseen_characters_are_left_out() -> None:
    assert texts([Segment(start=0, end=2, text="he\0art\u202e beats")]) == ["heart beats"]


# ---- Shapes ----------------------------------------------------------------------------------------------------------


def test_a_cue_has_two_lines_at_most_broken_near_the_middle() -> None:
    [cue] = cues([spoken("Blood passes through the mitral valve, and then into the left ventricle.")])
    assert cue.lines == ["Blood passes through the mitral valve,", "and then into the left ventricle."]


def test_a_line_ends_after_a_comma_rather_than_exactly_in_the_middle() -> None:
    [cue] = cues([spoken("If the valve is shut, the blood cannot come back again.")])
    assert cue.lines[0] == "If the valve is shut,"


def test_a_cue_does_not_show_words_that_come_after_a_long_pause() -> None:
    made = cues([spoken("And the answer is"), spoken("a heart", start=4.6)])
    assert [cue.text for cue in made] == ["And the answer is", "a heart"]


def test_cues_end_where_sentences_end() -> None:
    lecture = (
        "The heart is a muscle that pumps blood. Dr. Smith measured 3.5 litres a minute. And it never rests at all."
    )
    assert texts([spoken(lecture)]) == [
        "The heart is a muscle that pumps blood.",
        "Dr. Smith measured 3.5 litres a minute.",
        "And it never rests at all.",
    ]


def test_a_long_sentence_is_broken_after_a_comma_rather_than_in_a_phrase() -> None:
    lecture = (
        "When the left ventricle has been filled with blood from the lungs, it contracts and pushes all of it out."
    )
    assert texts([spoken(lecture)])[0].endswith("lungs,")


def test_a_long_sentence_is_broken_at_a_pause_rather_than_after_a_comma() -> None:
    before = spoken("When the left ventricle, as we saw, has been filled")
    after = spoken("with blood from the lungs it contracts and pushes out", start=before.end + 0.6)
    assert texts([before, after])[0] == before.text


def test_a_short_word_is_shown_for_a_second_where_the_next_one_leaves_time() -> None:
    assert [(cue.start, cue.end) for cue in cues([spoken("Yes."), spoken("No.", start=9)])] == [
        (0, 1000),
        (9000, 10000),
    ]


def test_no_cue_stays_longer_than_seven_seconds() -> None:
    slow = cues([spoken("so we go on", seconds=3), Segment(start=20, end=60, text="hm")])
    assert all(cue.end - cue.start <= 7000 for cue in slow)
    assert len(slow) == 3


def test_fast_speech_is_shown_longer_where_a_pause_leaves_time() -> None:
    [cue] = cues([spoken("a sentence that was said much too fast to be read", seconds=0.05)])
    assert len(cue.text) * 1000 / (cue.end - cue.start) <= 20


def test_two_fast_sentences_share_a_cue_where_that_gives_them_time_to_be_read() -> None:
    fast = "Electrocardiograms are recordings of it. Hemoglobin particles are carriers of it."
    assert texts([spoken(fast, seconds=0.22)]) == [fast]


def test_words_that_overlap_make_cues_that_do_not() -> None:
    words = tuple(Word(start=i, end=i + 3, text=f" word{i}.", probability=1) for i in range(10))
    made = cues([Segment(start=0, end=12, text="", words=words)])
    assert all(a.end <= b.start for a, b in pairwise(made))


def test_words_of_one_instant_still_have_cues_of_their_own_time() -> None:
    words = timed([f" {'x' * 40}"] * 7, seconds=0)
    assert [(cue.start, cue.end) for cue in cues([Segment(start=0, end=0, text="", words=words)])][:3] == [
        (0, 1),
        (1, 2),
        (2, 3),
    ]


def test_rendering_twice_gives_the_same_bytes() -> None:
    assert render_captions([spoken(HEART)], "vtt") == render_captions([spoken(HEART)], "vtt")


def test_english_at_lecture_speed_keeps_every_aim() -> None:
    made = cues([spoken(HEART * 5, seconds=0.38)])
    assert all(1000 <= cue.end - cue.start <= 7000 for cue in made)
    assert all(len(cue.text) * 1000 / (cue.end - cue.start) <= 20 for cue in made)


@pytest.mark.parametrize("kind", KINDS)
@unhurried
@given(segments=lectures())
def test_every_cue_keeps_its_promises_and_no_word_is_lost(kind: Kind, segments: list[Segment]) -> None:
    made = cues(segments, kind)
    assert all(1 <= len(cue.lines) <= 2 for cue in made)
    assert all(1 <= len(line) <= LINE_CHARACTERS for cue in made for line in cue.lines)
    assert all(0 < cue.end - cue.start <= 7000 for cue in made)
    assert all(a.end <= b.start for a, b in pairwise(made))
    said = " ".join(word.text for word in words_of(segments))
    assert " ".join(cue.text for cue in made) == shown(said, kind)
