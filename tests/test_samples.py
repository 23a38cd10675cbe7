import json
import subprocess
import sys
from itertools import pairwise

import av
import pytest

from adapters.speech.whisper import WhisperTranscriber
from schemas.transcripts import Transcription
from scripts.make_sample_lecture import LECTURE as SLIDES
from tests.recordings import LECTURE, LECTURE_TEXT, LECTURE_TIMES, pcm_of, word_error_rate

SENTENCES = LECTURE_TEXT.read_text().splitlines()
TIMES = json.loads(LECTURE_TIMES.read_text())


@pytest.fixture(scope="module")
async def heard() -> Transcription:
    return await WhisperTranscriber().transcribe(pcm_of(LECTURE))


def test_the_sample_is_small_and_plays_anywhere() -> None:
    assert LECTURE.stat().st_size < 4_000_000
    with av.open(str(LECTURE)) as media:
        assert media.streams.video[0].codec_context.name == "h264"
        assert media.streams.audio[0].codec_context.name == "aac"
        assert 120 < float(media.duration or 0) / av.time_base < 240


def test_the_text_the_times_and_the_script_say_the_same_sentences() -> None:
    assert [sentence for slide in SLIDES for sentence in slide.sentences] == SENTENCES
    assert [entry["text"] for entry in TIMES] == SENTENCES


def test_the_sentences_follow_each_other_with_a_pause_between() -> None:
    assert all(after["start"] - before["end"] >= 0.59 for before, after in pairwise(TIMES))
    assert all(entry["start"] < entry["end"] for entry in TIMES)


@pytest.mark.slow
async def test_fewer_than_5_of_the_samples_words_in_100_are_misheard(heard: Transcription) -> None:
    text = " ".join(segment.text for segment in heard.segments)
    assert word_error_rate(" ".join(SENTENCES), text) < 0.05  # measured: 0.005


@pytest.mark.slow
async def test_a_word_is_heard_where_each_sentence_begins(heard: Transcription) -> None:
    starts = [word.start for segment in heard.segments for word in segment.words]
    late = [entry["text"] for entry in TIMES if min(abs(start - entry["start"]) for start in starts) > 0.5]
    assert late == []


def test_the_voice_says_a_sentence_the_same_way_in_every_process() -> None:
    say = (
        "import sys; from scripts.make_sample_lecture import speak; sys.stdout.buffer.write(speak('Hello.').tobytes())"
    )
    first, second = (subprocess.run([sys.executable, "-c", say], capture_output=True, check=True) for _ in range(2))
    assert first.stdout == second.stdout
