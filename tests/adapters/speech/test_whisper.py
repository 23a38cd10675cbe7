import asyncio
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from activities.ports import Transcriber
from adapters.speech.whisper import WhisperTranscriber
from schemas.transcripts import Segment, Transcription
from schemas.words import words_of
from tests.recordings import LECTURE, TWO_CITIES_TEXT, pcm_of, two_cities, word_error_rate

SECOND = 16_000


@pytest.fixture(scope="module")
def whisper() -> WhisperTranscriber:
    transcriber = WhisperTranscriber()
    transcriber.warm_up()
    return transcriber


@pytest.fixture(scope="module")
def beginning() -> bytes:
    """Twelve seconds of the sample lecture."""
    return pcm_of(LECTURE)[: 12 * SECOND * 2]


@pytest.fixture(scope="module")
async def reading(whisper: WhisperTranscriber) -> Transcription:
    return await whisper.transcribe(pcm_of(two_cities()))


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32_767).astype("<i2").tobytes()


def test_it_is_a_transcriber(whisper: Transcriber) -> None:
    assert (whisper.provider, whisper.model) == ("local", "whisper-tiny.en")


@pytest.mark.slow
async def test_recorded_speech_is_heard_with_fewer_than_3_words_wrong_in_100(reading: Transcription) -> None:
    heard = " ".join(segment.text for segment in reading.segments)
    assert word_error_rate(TWO_CITIES_TEXT, heard) < 0.03  # measured: 0


@pytest.mark.slow
async def test_the_words_joined_by_one_space_are_the_segments_text(reading: Transcription) -> None:
    words = words_of(reading.segments)
    assert " ".join(word.text for word in words) == " ".join(segment.text for segment in reading.segments)


@pytest.mark.slow
async def test_the_words_lie_inside_the_audio_and_never_go_back(reading: Transcription) -> None:
    words = [word for segment in reading.segments for word in segment.words]
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= reading.usage.audio_seconds for word in words)
    assert all(0 < word.probability <= 1 for word in words)
    assert all(s.start == s.words[0].start and s.end == s.words[-1].end for s in reading.segments)


@pytest.mark.slow
async def test_what_the_model_drops_in_noise_is_heard_the_second_time(whisper: WhisperTranscriber) -> None:
    sound = pcm_of(two_cities())
    lost = DropsAWindow(whisper)
    heard = " ".join(segment.text for segment in (await lost.transcribe(sound)).segments)
    assert lost.decoded == 2
    assert word_error_rate(TWO_CITIES_TEXT, heard) < 0.06


class DropsAWindow(WhisperTranscriber):
    """Loses all between 10 s and 25 s when it listens to the whole, as the model does now and then."""

    def __init__(self, real: WhisperTranscriber) -> None:
        super().__init__()
        self._whisper = real._whisper
        self.decoded = 0

    def _decode(self, sound: NDArray[np.float32], first: int, last: int) -> list[Segment]:
        self.decoded += 1
        segments = super()._decode(sound, first, last)
        return segments if self.decoded > 1 else [_without(segment, 10, 25) for segment in segments]


def _without(segment: Segment, start: float, end: float) -> Segment:
    words = tuple(word for word in segment.words if word.end <= start or word.start >= end)
    return segment.model_copy(update={"words": words, "text": " ".join(word.text for word in words)})


async def test_the_same_sound_is_heard_the_same_way_twice(whisper: WhisperTranscriber, beginning: bytes) -> None:
    assert await whisper.transcribe(beginning) == await whisper.transcribe(beginning)


async def test_seconds_of_audio_are_what_is_used(whisper: WhisperTranscriber, beginning: bytes) -> None:
    heard = await whisper.transcribe(beginning)
    assert heard.language == "en"
    assert heard.usage.audio_seconds == 12
    assert heard.segments[0].text.startswith("Welcome to this short lecture")


async def test_the_event_loop_stays_free_while_it_listens(whisper: WhisperTranscriber, beginning: bytes) -> None:
    listening = asyncio.create_task(whisper.transcribe(beginning))
    longest, last = 0.0, time.monotonic()
    while not listening.done():
        await asyncio.sleep(0.01)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    assert listening.result().segments
    assert longest < 0.5  # s; were it to block, this would be all of the transcription


def noise(seconds: int, loudness: float) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(seconds * SECOND).clip(-3, 3) / 3 * loudness


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0\0", id="one sample"),
        pytest.param(pcm(np.zeros(SECOND // 100)), id="ten milliseconds"),
        pytest.param(pcm(np.zeros(40 * SECOND)), id="forty seconds of silence"),
        pytest.param(pcm(noise(20, 0.001)), id="the hiss of a microphone"),
        pytest.param(pcm(noise(20, 0.3)), id="loud noise"),
        pytest.param(pcm(np.sin(np.arange(20 * SECOND) * 2 * np.pi * 440 / SECOND) * 0.5), id="a tone"),
    ],
)
async def test_what_is_no_speech_has_no_words(whisper: WhisperTranscriber, sound: bytes) -> None:
    assert (await whisper.transcribe(sound)).segments == ()
