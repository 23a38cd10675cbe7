"""What the steps need of the world. Adapters satisfy these; `workers/wiring.py` joins the two.

Every method may raise `StoreUnavailable` (ours is away) and, where a model or another server is called, the provider
errors of `schemas/errors`. Seconds count from the start of the video unless said otherwise.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from uuid import UUID

from schemas.chats import ChatRequest
from schemas.chunks import Chunk, Vector, Vectors
from schemas.media import AudioPart, AudioPartRef, AudioRef, MediaInfo, SourceRef
from schemas.quizzes import Drafts, Question, QuizRef, QuizRequest
from schemas.transcripts import PartTranscriptRef, Segment, TranscriptEdit, Transcription, TranscriptRef
from schemas.usage import CallTicket, Operation, Usage
from schemas.videos import Stage, VideoRef, VideoSource

OnSeconds = Callable[[float], None]  # called with the seconds (or bytes) done so far; must return at once


# ---- Files -----------------------------------------------------------------------------------------------------------


class ObjectStore(Protocol):
    """Content-addressed bytes. A key names one content for ever, so a second write of it changes nothing."""

    async def put(self, key: str, path: Path) -> None:
        """Store the file's bytes under `key`, durably, before returning."""

    async def fetch(self, key: str, target: Path) -> None:
        """Make `target` a local file with the key's bytes (a link where that is enough: never write to it)."""

    async def read(self, key: str, start: int, length: int) -> bytes:
        """Exactly `length` bytes from byte `start`."""

    async def size(self, key: str) -> int | None:
        """The number of bytes under `key`, or None where nothing is."""

    async def remove(self, key: str) -> None:
        """Have nothing under exactly this `key` any more, and leave what lies below it.

        Twice is once: where nothing is, that is so already.
        """

    async def remove_below(self, prefix: str) -> None:
        """Have nothing below `prefix/` any more, which must be a prefix that we made ourselves. Twice is once."""


class Downloader(Protocol):
    """Fetches a creator's https address, trusting nothing about it."""

    async def download(self, url: str, target: Path, on_bytes: OnSeconds) -> None:
        """Complete `target`; a repeat goes on at the bytes already there.

        Raises: UrlRefused, DownloadRefused, DownloadTooLarge (permanent); DownloadInterrupted (transient).
        """


class MediaTool(Protocol):
    """Reads hostile media in a process with limits."""

    async def probe(self, source: Path) -> MediaInfo:
        """Raises: NotMedia, NoAudioTrack, MediaTooLong, MediaEncrypted, MediaTooDemanding."""

    async def extract_audio(self, source: Path, info: MediaInfo, target: Path, on_seconds: OnSeconds) -> float:
        """Write raw 16 kHz mono 16-bit PCM and return its seconds.

        Raises: MediaTruncated (decoded is shorter than declared), MediaTooLong, MediaTooDemanding, NotMedia.
        """

    def cut_at_pauses(self, pcm: Path) -> list[AudioPart]:
        """Parts that cover the audio without gap or overlap, cut where it is quietest."""


# ---- Models ----------------------------------------------------------------------------------------------------------


class Transcriber(Protocol):
    """A speech model."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def transcribe(self, pcm: bytes) -> Transcription:
        """The words in 16 kHz mono 16-bit PCM. Silence has none."""


class Embedder(Protocol):
    """An embedding model."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `dimensions` floats, one per text."""


class QuizGenerator(Protocol):
    """Something that proposes questions about a text."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def propose(self, title: str, segments: Sequence[Segment], count: int) -> Drafts:
        """Up to about `count` questions; the caller checks each against the transcript."""


class ChatModel(Protocol):
    """Something that answers questions from passages of lectures."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    def answer(self, request: ChatRequest) -> AsyncGenerator[str | Usage, None]:
        """The answer in pieces, with the passages it rests on as `[number]`, and what it costs as far as is known.

        The last `Usage` counts; it may come before the last piece. Closing the generator ends the call.
        """


# ---- The truth -------------------------------------------------------------------------------------------------------


class VideoRepository(Protocol):
    """The videos' rows and their change log. Every write is fenced by the epoch and raises Superseded behind it."""

    async def source(self, video: VideoRef) -> VideoSource: ...

    async def begin(self, video: VideoRef) -> None: ...

    async def complete(self, video: VideoRef, duration_seconds: float) -> None: ...

    async def fail(self, video: VideoRef, step: str, code: str, message: str, workflow_id: str, attempts: int) -> None:
        """Mark failed and leave a dead letter, in one transaction."""

    async def cancel(self, video: VideoRef) -> None: ...

    async def start_stage(self, video: VideoRef, stage: Stage, total: float, unit: str) -> None: ...

    async def advance_stage(self, video: VideoRef, stage: Stage, done: float, total: float, unit: str) -> None: ...

    async def finish_stage(self, video: VideoRef, stage: Stage, done: float, unit: str) -> None: ...


class ArtefactRepository(Protocol):
    """Which stored files belong to which video."""

    async def find_source(self, video: VideoRef) -> SourceRef | None: ...

    async def save_source(self, video: VideoRef, source: SourceRef) -> SourceRef: ...

    async def find_audio(self, video: VideoRef, speech_model: str) -> AudioRef | None: ...

    async def save_audio(self, audio: AudioRef, info: MediaInfo, speech_model: str, parts: Sequence[AudioPart]) -> None:
        """The artefact, the empty transcript and its parts to be, in one transaction."""

    async def forget(self, video: VideoRef, key: str) -> None:
        """Have no artefact of the video under this key any more: the store has lost its bytes. Twice is once."""

    async def unused(self, creator: UUID, keys: Sequence[str]) -> list[str]:
        """Those of the object keys that no video of the creator has."""


class TranscriptRepository(Protocol):
    """Parts, segments and words."""

    async def part(self, ref: AudioPartRef) -> AudioPart: ...

    async def find_part(self, ref: AudioPartRef) -> PartTranscriptRef | None: ...

    async def save_part(
        self, ref: AudioPartRef, language: str, segments: Sequence[Segment], ticket: CallTicket, usage: Usage
    ) -> PartTranscriptRef:
        """Segments, the part's mark, the change log's line and the settled call, in one transaction; first one wins."""

    async def complete(self, audio: AudioRef) -> TranscriptRef: ...

    async def segments(self, video: VideoRef, transcript_id: UUID) -> list[Segment]: ...


class ChunkRepository(Protocol):
    """The chunks of a transcript."""

    async def replace(self, video: VideoRef, transcript_id: UUID, chunks: Sequence[Chunk]) -> None:
        """The whole set at once: chunks of an older text go, chunks that are there already stay as they are."""

    async def without_embedding(self, video: VideoRef, transcript_id: UUID, model: str, limit: int) -> list[Chunk]: ...

    async def count(self, video: VideoRef, transcript_id: UUID) -> int: ...


class EmbeddingRepository(Protocol):
    """One vector per chunk and model."""

    async def save(
        self,
        video: VideoRef,
        model: str,
        vectors: Sequence[tuple[UUID, Sequence[float]]],
        ticket: CallTicket | None,  # None: the vectors came from the cache, and no call was made
        usage: Usage,
    ) -> None: ...

    async def count(self, video: VideoRef, transcript_id: UUID, model: str) -> int: ...


class TranscriptEditRepository(Protocol):
    """Edited transcripts, and the chunks that follow from them."""

    async def segments(self, edit: TranscriptEdit) -> list[Segment] | None:
        """Every segment as the edit left it, or None where a later edit has come."""

    async def without_vector(self, edit: TranscriptEdit, chunks: Sequence[Chunk], model: str) -> list[Chunk]: ...

    async def replace(
        self,
        edit: TranscriptEdit,
        chunks: Sequence[Chunk],
        model: str,
        vectors: Sequence[tuple[UUID, Sequence[float]]],
        calls: Sequence[tuple[CallTicket, Usage]],
    ) -> None:
        """The set, its vectors and the settled calls, in one transaction; only the calls where a later edit came."""


class QuizRepository(Protocol):
    """Quizzes and their questions, stored whole or not at all."""

    async def find(self, request: QuizRequest) -> QuizRef | None: ...

    async def save(
        self,
        request: QuizRequest,
        provider: str,
        model: str,
        questions: Sequence[Question],
        ticket: CallTicket,
        usage: Usage,
    ) -> QuizRef: ...


class UsageLedger(Protocol):
    """A line per call of a model, reserved before it and settled together with its result.

    A crash between the two leaves a reserved line: a call that may have been billed and whose result is not stored.
    """

    async def reserve(
        self, video: VideoRef, ask: str, operation: Operation, provider: str, model: str
    ) -> CallTicket: ...


class EmbeddingCache(Protocol):
    """Vectors by model and text. It may forget anything at any time, and never raises."""

    async def get(self, model: str, texts: Sequence[str]) -> list[Vector | None]: ...

    async def put(self, model: str, vectors: Mapping[str, Vector]) -> None: ...


class ReadCache(Protocol):
    """What was read lately. Whoever writes what others may have read says so after the write; it never raises."""

    async def invalidate_tag(self, creator_id: UUID, *tags: str) -> None: ...
