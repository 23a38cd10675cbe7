"""The steps that make a transcript: each part of the audio on its own, then the whole."""

import math
from collections.abc import Sequence

from temporalio import activity

from activities.heartbeats import heartbeating
from activities.keeping import kept
from activities.ports import ObjectStore, Transcriber, TranscriptRepository, UsageLedger, VideoRepository
from schemas import ids
from schemas.errors import ProviderAnswerInvalid, SpeechNotFound
from schemas.media import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, AudioPart, AudioPartRef, AudioRef
from schemas.transcripts import PartTranscriptRef, Segment, TranscriptRef, Word
from schemas.usage import Operation
from schemas.videos import Stage
from schemas.words import plain_text, words_of


class TranscriptActivities:
    """Turns audio into timed words."""

    def __init__(
        self,
        transcripts: TranscriptRepository,
        videos: VideoRepository,
        ledger: UsageLedger,
        store: ObjectStore,
        transcriber: Transcriber,
    ) -> None:
        self._transcripts = transcripts
        self._videos = videos
        self._ledger = ledger
        self._store = store
        self._transcriber = transcriber

    @activity.defn
    async def transcribe_part(self, part: AudioPartRef) -> PartTranscriptRef:
        """Store the words spoken in `part`, timed in seconds from the start of the video.

        Idempotent: keyed by transcript (audio and model) and part number; a repeat returns what is stored, uncalled.
        Raises: RateLimited, ProviderUnavailable, ProviderAnswerInvalid, StoreUnavailable (transient);
        ProviderRefused, Superseded (permanent).
        """
        async with heartbeating():
            if stored := await self._transcripts.find_part(part):
                return stored
            return await self._hear(part)

    async def _hear(self, part: AudioPartRef) -> PartTranscriptRef:
        audio = part.audio
        await self._videos.start_stage(audio.video, Stage.TRANSCRIPT, audio.parts, "parts")
        place = await self._transcripts.part(part)
        start, length = byte_range(place)
        pcm = await self._store.read(audio.object_key, start, length)
        ask = ids.ask("transcribe", audio.transcript_id, part.number)
        speech = self._transcriber
        ticket = await self._ledger.reserve(audio.video, ask, Operation.TRANSCRIBE, speech.provider, speech.model)
        heard = await speech.transcribe(pcm)
        segments = placed(heard.segments, place)
        return await kept(lambda: self._transcripts.save_part(part, heard.language, segments, ticket, heard.usage))

    @activity.defn
    async def complete_transcript(self, audio: AudioRef) -> TranscriptRef:
        """Mark the transcript complete once every part is stored.

        Idempotent: the mark is set once; a repeat counts the same segments and words.
        Raises: SpeechNotFound, TranscriptNotReady, Superseded (permanent); StoreUnavailable (transient).
        """
        transcript = await self._transcripts.complete(audio)
        if transcript.words == 0:
            raise SpeechNotFound(f"nobody speaks in these {audio.duration_seconds:.0f} seconds of audio")
        await self._videos.finish_stage(audio.video, Stage.TRANSCRIPT, audio.parts, "parts")
        return transcript


def byte_range(part: AudioPart) -> tuple[int, int]:
    """The part's first byte and its number of bytes, on whole samples."""
    first = round(part.start_second * SAMPLE_RATE_HZ)
    end = round(part.end_second * SAMPLE_RATE_HZ)
    return first * BYTES_PER_SAMPLE, (end - first) * BYTES_PER_SAMPLE


def placed(segments: Sequence[Segment], part: AudioPart) -> list[Segment]:
    """The segments on the video's clock, each with words, none outside its part; blank ones are left out."""
    moved = (_moved(segment, part) for segment in segments)
    return [segment for segment in moved if segment.words]


def _moved(segment: Segment, part: AudioPart) -> Segment:
    start, end = _seconds(segment.start, segment.end, part)
    words = tuple(_moved_word(word, part) for word in segment.words if plain_text(word.text))
    timed = Segment(start=start, end=end, text=plain_text(segment.text), words=words)
    if not timed.text:
        return timed.model_copy(update={"text": " ".join(word.text for word in words_of([timed]))})
    # A transcript counts its words, so a provider that times none must not look as if nobody spoke.
    return timed if words else timed.model_copy(update={"words": tuple(words_of([timed]))})


def _moved_word(word: Word, part: AudioPart) -> Word:
    start, end = _seconds(word.start, word.end, part)
    if not math.isfinite(word.probability):
        raise ProviderAnswerInvalid("the speech model gave a word without a probability")
    blank = " " if word.text[0].isspace() else ""  # it says that a word begins here: see words_of
    probability = min(1.0, max(0.0, word.probability))
    return Word(start=start, end=end, text=blank + plain_text(word.text), probability=probability)


def _seconds(start: float, end: float, part: AudioPart) -> tuple[float, float]:
    """On the video's clock, to the millisecond, within the part: models time words past the end of what they heard."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ProviderAnswerInvalid("the speech model gave a time that is no number")
    first, last = (
        min(max(round(part.start_second + second, 3), part.start_second), part.end_second) for second in (start, end)
    )
    return first, max(first, last)
