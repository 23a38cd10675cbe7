"""Speech to text by OpenAI, or by any server that speaks its transcription wire."""

import asyncio
import io
import math
import wave
from bisect import bisect_right
from collections.abc import Sequence

from pydantic import SecretStr

from adapters.openai_client import BASE_URL, TIMEOUT_SECONDS, openai_client
from adapters.provider_answers import Wire, read_answer
from adapters.provider_errors import Provider, translating
from adapters.speech.languages import UNDETERMINED, language_code
from schemas.errors import ProviderAnswerInvalid, ProviderRefused
from schemas.media import BYTES_PER_SAMPLE, BYTES_PER_SECOND, SAMPLE_RATE_HZ
from schemas.transcripts import Segment, Transcription, Word
from schemas.usage import Usage

DEFAULT_MODEL = "whisper-1"  # of OpenAI's models the only one that says when each word is spoken (SDK 3.54)
MAX_UPLOAD_BYTES = 24_000_000  # the provider's 25 MB includes the multipart envelope; 12.5 minutes
SHORTEST_SECONDS = 0.1  # the provider refuses less, and nobody speaks in it

# Whisper's own rule for a stretch without speech (its no_speech and logprob thresholds): both at once.
_SILENCE_PROBABILITY, _SILENCE_LOGPROB = 0.6, -1.0
_DURATION_SLACK_SECONDS = 1.0  # an answer about audio of another length is an answer to another request


class _HeardWord(Wire):
    word: str
    start: float
    end: float


class _HeardSegment(Wire):
    start: float
    end: float
    text: str
    avg_logprob: float | None = None
    no_speech_prob: float | None = None


class _Heard(Wire):
    language: str
    duration: float
    text: str
    segments: tuple[_HeardSegment, ...] = ()
    words: tuple[_HeardWord, ...] = ()


class OpenAITranscriber:
    """Satisfies the port `Transcriber`.

    A word's `probability` is exp(avg_logprob) of its segment, the mean of its tokens' probabilities: the wire has none
    by word. A server that sends no avg_logprob gives 1: nothing says that its words are doubtful.
    The words lack the punctuation, which the segments' texts have (`schemas/words.py` joins the two).
    """

    provider: Provider = "openai"

    def __init__(
        self,
        api_key: SecretStr,
        base_url: str = BASE_URL,
        model: str = DEFAULT_MODEL,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.model = model
        self._timeout_seconds = timeout_seconds
        self._client = openai_client(api_key, base_url, timeout_seconds)

    async def transcribe(self, pcm: bytes) -> Transcription:
        """The words in 16 kHz mono 16-bit PCM, in one request; seconds from the start of `pcm`.

        Raises: the provider errors; ProviderRefused also for more audio than one upload takes.
        """
        seconds = len(pcm) / BYTES_PER_SECOND
        if seconds < SHORTEST_SECONDS:
            return Transcription(UNDETERMINED, (), Usage())
        if len(pcm) > MAX_UPLOAD_BYTES:
            raise ProviderRefused(f"{seconds:.0f} s of audio are more than one upload to openai takes")
        heard = await self._hear(pcm)
        if abs(heard.duration - seconds) > _DURATION_SLACK_SECONDS:
            raise ProviderAnswerInvalid(f"openai heard {heard.duration:.1f} s of audio, and was sent {seconds:.1f} s")
        return Transcription(language_code(heard.language), _segments(heard, seconds), Usage(audio_seconds=seconds))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _hear(self, pcm: bytes) -> _Heard:
        with translating(self.provider):
            async with asyncio.timeout(self._timeout_seconds):
                raw = await self._client.audio.transcriptions.with_raw_response.create(
                    file=("part.wav", as_wav(pcm), "audio/wav"),
                    model=self.model,
                    response_format="verbose_json",
                    timestamp_granularities=["word", "segment"],
                )
        return read_answer(self.provider, raw.headers, raw.text, _Heard)


def as_wav(pcm: bytes) -> bytes:
    """The same samples in a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(BYTES_PER_SAMPLE)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes(pcm)
    return file.getvalue()


def _segments(heard: _Heard, seconds: float) -> tuple[Segment, ...]:
    """The segments with their words, silence left out, all times within the audio.

    Raises: ProviderAnswerInvalid where there is text and no times for its words.
    """
    spoken = sorted((segment for segment in heard.segments if segment.text.strip()), key=lambda segment: segment.start)
    words = sorted((word for word in heard.words if word.word.strip()), key=lambda word: word.start)
    if not words and any(map(str.isalnum, heard.text)):
        raise ProviderAnswerInvalid("openai gave words without their times")
    if words and not spoken:
        raise ProviderAnswerInvalid("openai gave words without their segments")
    shares = _by_text(spoken, words) or _by_time(spoken, words)
    pairs = zip(spoken, shares, strict=True)
    return tuple(_segment(segment, share, seconds) for segment, share in pairs if not _is_silence(segment))


def _by_text(spoken: Sequence[_HeardSegment], words: Sequence[_HeardWord]) -> list[list[_HeardWord]] | None:
    """Each word in the segment whose text has it next; None where the two do not tell the same story.

    The better way where it goes: the times of segments and of words come from two methods and differ at the borders.
    """
    shares: list[list[_HeardWord]] = [[] for _ in spoken]
    place = cursor = 0
    for word in words:
        text = word.word.strip()
        while (found := spoken[place].text.find(text, cursor)) < 0:
            place, cursor = place + 1, 0
            if place == len(spoken):
                return None
        shares[place].append(word)
        cursor = found + len(text)
    return shares


def _by_time(spoken: Sequence[_HeardSegment], words: Sequence[_HeardWord]) -> list[list[_HeardWord]]:
    """Each word in the last segment that has begun at the word's middle: no word is lost, none is doubled."""
    starts = [segment.start for segment in spoken]
    shares: list[list[_HeardWord]] = [[] for _ in spoken]
    for word in words:
        shares[max(0, bisect_right(starts, (word.start + word.end) / 2) - 1)].append(word)
    return shares


def _segment(segment: _HeardSegment, heard: Sequence[_HeardWord], seconds: float) -> Segment:
    """The segment from its first word to its last; one without words keeps its own times."""
    probability = 1.0 if segment.avg_logprob is None else math.exp(min(0.0, segment.avg_logprob))
    words = []
    for word in heard:
        start, end = _within(word.start, word.end, seconds)
        words.append(Word(start=start, end=end, text=word.word.strip(), probability=probability))
    start, end = (words[0].start, words[-1].end) if words else _within(segment.start, segment.end, seconds)
    return Segment(start=start, end=max(start, end), text=segment.text.strip(), words=tuple(words))


def _is_silence(segment: _HeardSegment) -> bool:
    if segment.no_speech_prob is None or segment.avg_logprob is None:
        return False
    return segment.no_speech_prob > _SILENCE_PROBABILITY and segment.avg_logprob < _SILENCE_LOGPROB


def _within(start: float, end: float, seconds: float) -> tuple[float, float]:
    """Times inside the audio, in order: Whisper's last segment may end up to 30 s behind it."""
    first = min(max(0.0, start), seconds)
    return first, min(max(first, end), seconds)
