"""The steps that make a transcript."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.transcripts import TranscriptActivities, byte_range, placed
from schemas import ids
from schemas.errors import ProviderAnswerInvalid, SpeechNotFound, Superseded, TranscriptNotReady
from schemas.media import BYTES_PER_SECOND, AudioPart, AudioPartRef
from schemas.transcripts import Segment, Word
from schemas.usage import Operation, Usage
from schemas.videos import Stage
from schemas.words import words_of
from tests.fakes import (
    FakeObjectStore,
    FakeTranscriber,
    FakeTranscriptRepository,
    FakeUsageLedger,
    FakeVideoRepository,
    run_activity,
)
from tests.lectures import TRANSCRIPT_ID, audio, lectures, spoken, timed, unhurried

PARTS = [AudioPart(number=0, start_second=0, end_second=1.5), AudioPart(number=1, start_second=1.5, end_second=4)]
AUDIO = audio(parts=2, seconds=4)
PCM = bytes(i % 251 for i in range(4 * BYTES_PER_SECOND))
FIRST, SECOND = (AudioPartRef(audio=AUDIO, number=number) for number in (0, 1))


class Made:
    """A TranscriptActivities over fakes, and the fakes."""

    def __init__(self, *segments: Segment, epoch: int = 1) -> None:
        self.transcriber = FakeTranscriber(*segments)
        self.ledger = FakeUsageLedger()
        self.transcripts = FakeTranscriptRepository(PARTS, self.ledger)
        self.videos = FakeVideoRepository(epoch=epoch)
        store = FakeObjectStore({"audio": PCM})
        self.steps = TranscriptActivities(self.transcripts, self.videos, self.ledger, store, self.transcriber)


# ---- A part ----------------------------------------------------------------------------------------------------------


async def test_transcribing_a_part_twice_calls_the_provider_once() -> None:
    made = Made(spoken("It beats."))
    first = await run_activity(made.steps.transcribe_part, SECOND)
    stored = dict(made.transcripts.stored)
    assert await run_activity(made.steps.transcribe_part, SECOND) == first
    assert made.transcripts.stored == stored
    assert made.transcriber.calls == len(made.ledger.calls) == 1
    assert (first.number, first.segments, first.words) == (1, 1, 2)


async def test_the_provider_hears_the_part_s_bytes_and_no_others() -> None:
    made = Made(spoken("It beats."))
    await run_activity(made.steps.transcribe_part, SECOND)
    assert made.transcriber.heard == [PCM[int(1.5 * BYTES_PER_SECOND) :]]


async def test_the_words_are_stored_on_the_video_s_clock() -> None:
    made = Made(spoken("It beats."))
    await run_activity(made.steps.transcribe_part, SECOND)
    [segment] = made.transcripts.stored[1][1]
    assert (segment.start, segment.end, segment.text) == (1.5, 2.3, "It beats.")
    assert [(word.start, word.end, word.text) for word in segment.words] == [(1.5, 1.9, " It"), (1.9, 2.3, " beats.")]


async def test_the_call_is_reserved_before_and_settled_with_the_words() -> None:
    made = Made(spoken("It beats."))
    await run_activity(made.steps.transcribe_part, SECOND)
    assert made.ledger.calls == {(ids.ask("transcribe", TRANSCRIPT_ID, 1), 1): Usage(audio_seconds=2.5)}
    assert made.ledger.models == [(Operation.TRANSCRIBE, "fake", "fake-speech")]


async def test_silence_is_stored_as_a_part_without_words() -> None:
    made = Made()
    part = await run_activity(made.steps.transcribe_part, FIRST)
    assert (part.segments, part.words) == (0, 0)


async def test_a_story_whose_epoch_is_over_does_not_call_the_provider() -> None:
    made = Made(spoken("It beats."), epoch=2)
    with pytest.raises(Superseded):
        await run_activity(made.steps.transcribe_part, FIRST)
    assert made.transcriber.calls == 0


def test_words_timed_beyond_their_part_are_clamped_into_it() -> None:
    [segment] = placed([spoken("It beats.", start=2.3)], PARTS[1])
    assert [(word.start, word.end) for word in segment.words] == [(3.8, 4), (4, 4)]
    assert (segment.start, segment.end) == (3.8, 4)


def test_a_word_that_ends_before_it_starts_ends_where_it_starts() -> None:
    word = Word(start=1, end=0.5, text="so", probability=1)
    [segment] = placed([Segment(start=0, end=1, text="so", words=(word,))], PARTS[0])
    assert (segment.words[0].start, segment.words[0].end) == (1, 1)


def test_words_that_a_provider_did_not_time_are_timed_by_their_characters() -> None:
    [segment] = placed([Segment(start=0, end=1, text="so it is")], PARTS[0])
    assert [word.text for word in segment.words] == ["so", "it", "is"]


def test_a_segment_without_a_text_has_its_words_text() -> None:
    [segment] = placed([Segment(start=0, end=1, text="", words=timed(["so", "it", "is"]))], PARTS[0])
    assert segment.text == "so it is"


def test_segments_of_blanks_are_left_out() -> None:
    assert placed([Segment(start=0, end=1, text=" \0"), spoken("")], PARTS[0]) == []


def test_characters_that_the_database_refuses_are_taken_out_and_a_word_keeps_its_leading_space() -> None:
    words = (Word(start=0, end=1, text=" he\0art", probability=1.2), Word(start=1, end=1, text="\0", probability=1))
    [segment] = placed([Segment(start=0, end=1, text="he\0art", words=words)], PARTS[0])
    assert segment.text == "heart"
    assert segment.words == (Word(start=0, end=1, text=" heart", probability=1),)


@pytest.mark.parametrize("field", ["start", "end", "probability"])
def test_a_word_whose_numbers_are_none_is_refused(field: str) -> None:
    word = Word(start=0, end=1, text="so", probability=1).model_copy(update={field: float("nan")})
    with pytest.raises(ProviderAnswerInvalid):
        placed([Segment(start=0, end=1, text="so", words=(word,))], PARTS[0])


@unhurried
@given(
    st.lists(st.floats(0, 20_000), min_size=2, max_size=9, unique_by=lambda second: round(second * 16_000)).map(sorted)
)
def test_the_byte_ranges_of_parts_cover_the_audio_in_whole_samples(seconds: list[float]) -> None:
    parts = [AudioPart(number=i, start_second=a, end_second=b) for i, (a, b) in enumerate(pairwise(seconds))]
    ranges = [byte_range(part) for part in parts]
    assert all(start % 2 == length % 2 == 0 < length for start, length in ranges)
    assert all(a[0] + a[1] == b[0] for a, b in pairwise(ranges))


@unhurried
@given(lectures(), st.floats(0, 15_000), st.floats(0.1, 600))
def test_placed_words_lie_in_their_part_and_none_is_lost(segments: list[Segment], start: float, length: float) -> None:
    part = AudioPart(number=0, start_second=start, end_second=start + length)
    made = placed(segments, part)
    times = [second for segment in made for word in segment.words for second in (word.start, word.end)]
    assert all(part.start_second <= second <= part.end_second for second in times)
    assert [word.text for word in words_of(made)] == [word.text for word in words_of(segments)]


# ---- The whole -------------------------------------------------------------------------------------------------------


async def test_completing_a_transcript_twice_gives_the_same_transcript_and_marks_the_stage_once() -> None:
    made = Made(spoken("It beats."))
    for part in (FIRST, SECOND):
        await run_activity(made.steps.transcribe_part, part)
    first = await run_activity(made.steps.complete_transcript, AUDIO)
    assert await run_activity(made.steps.complete_transcript, AUDIO) == first
    assert (first.segments, first.words, first.language) == (2, 4, "en")
    assert made.videos.log == [(Stage.TRANSCRIPT, "started", 2, "parts"), (Stage.TRANSCRIPT, "finished", 2, "parts")]


async def test_a_transcript_with_a_missing_part_cannot_be_completed() -> None:
    made = Made(spoken("It beats."))
    await run_activity(made.steps.transcribe_part, FIRST)
    with pytest.raises(TranscriptNotReady):
        await run_activity(made.steps.complete_transcript, AUDIO)


async def test_audio_without_one_word_has_no_speech() -> None:
    made = Made()
    for part in (FIRST, SECOND):
        await run_activity(made.steps.transcribe_part, part)
    with pytest.raises(SpeechNotFound):
        await run_activity(made.steps.complete_transcript, AUDIO)
