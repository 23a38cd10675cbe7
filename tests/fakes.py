"""Every port in memory, keeping the port's promises: the first one wins, twice is once, an older epoch is refused."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ParamSpec, TypeVar
from uuid import UUID

from temporalio.testing import ActivityEnvironment

from schemas import ids
from schemas.chunks import Chunk
from schemas.errors import Superseded, TranscriptNotReady
from schemas.media import AudioPart, AudioPartRef, AudioRef
from schemas.quizzes import Question, QuizRef, QuizRequest
from schemas.transcripts import PartTranscriptRef, Segment, TranscriptRef
from schemas.usage import CallTicket, Operation, Usage
from schemas.videos import Stage, VideoRef, VideoSource, VideoStatus
from tests.fake_models import (
    FakeEmbedder,
    FakeEmbeddingCache,
    FakeObjectStore,
    FakeQuizGenerator,
    FakeTranscriber,
)

__all__ = [
    "FakeChunkRepository",
    "FakeEmbedder",
    "FakeEmbeddingCache",
    "FakeEmbeddingRepository",
    "FakeObjectStore",
    "FakeQuizGenerator",
    "FakeQuizRepository",
    "FakeTranscriber",
    "FakeTranscriptRepository",
    "FakeUsageLedger",
    "FakeVideoRepository",
    "run_activity",
]

P = ParamSpec("P")
R = TypeVar("R")


async def run_activity(step: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run one attempt of an activity, as a worker would."""
    return await ActivityEnvironment().run(step, *args, **kwargs)


class FakeVideoRepository:
    """One video. `log` has each change once; behind its `epoch` every write is Superseded."""

    def __init__(self, title: str = "A lecture", epoch: int = 1, source: VideoSource | None = None) -> None:
        self.epoch = epoch
        self.status = VideoStatus.QUEUED
        self.duration_seconds: float | None = None
        self.dead_letters: list[tuple[str, str, str, str, int]] = []
        self.log: list[tuple[object, ...]] = []
        self._source = source or VideoSource(title=title, object_key="lecture", url=None)

    async def source(self, video: VideoRef) -> VideoSource:
        return self._source

    async def begin(self, video: VideoRef) -> None:
        self._fence(video)
        if self.status.is_final:
            raise Superseded("the video has ended already")
        self.status = VideoStatus.PROCESSING

    async def complete(self, video: VideoRef, duration_seconds: float) -> None:
        self._fence(video)
        if self.status is VideoStatus.PROCESSING:
            self.status, self.duration_seconds = VideoStatus.COMPLETED, duration_seconds

    async def fail(self, video: VideoRef, step: str, code: str, message: str, workflow_id: str, attempts: int) -> None:
        self._fence(video)
        if not self.status.is_final:
            self.status = VideoStatus.FAILED
            self.dead_letters.append((step, code, message, workflow_id, attempts))

    async def cancel(self, video: VideoRef) -> None:
        self._fence(video)
        if not self.status.is_final:
            self.status = VideoStatus.CANCELLED
            self.epoch += 1

    async def start_stage(self, video: VideoRef, stage: Stage, total: float, unit: str) -> None:
        self._append(video, (stage, "started", total, unit))

    async def advance_stage(self, video: VideoRef, stage: Stage, done: float, total: float, unit: str) -> None:
        self._append(video, (stage, done, total, unit))

    async def finish_stage(self, video: VideoRef, stage: Stage, done: float, unit: str) -> None:
        self._append(video, (stage, "finished", done, unit))

    def _append(self, video: VideoRef, line: tuple[object, ...]) -> None:
        """The mark (stage and state) names the change: a repeat is not written again."""
        self._fence(video)
        if not any(line[:2] == earlier[:2] for earlier in self.log):
            self.log.append(line)

    def _fence(self, video: VideoRef) -> None:
        if video.epoch != self.epoch:
            raise Superseded(f"epoch {video.epoch} is over")


class FakeUsageLedger:
    """`calls` has every reserved line, with its usage once it is settled and None before."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, int], Usage | None] = {}
        self.models: list[tuple[Operation, str, str]] = []

    async def reserve(self, video: VideoRef, ask: str, operation: Operation, provider: str, model: str) -> CallTicket:
        attempt = sum(known == ask for known, _ in self.calls) + 1
        self.calls[ask, attempt] = None
        self.models.append((operation, provider, model))
        return CallTicket(creator_id=video.creator_id, ask=ask, attempt=attempt)

    def settle(self, ticket: CallTicket | None, usage: Usage) -> None:
        """What a repository does in the transaction that stores a call's result."""
        if ticket is not None and self.calls.get((ticket.ask, ticket.attempt), usage) is None:
            self.calls[ticket.ask, ticket.attempt] = usage


class FakeTranscriptRepository:
    """Transcripts of one video. `parts` are laid out beforehand, as save_audio does."""

    def __init__(self, parts: Sequence[AudioPart] = (), ledger: FakeUsageLedger | None = None) -> None:
        self.parts = {part.number: part for part in parts}
        self.stored: dict[int, tuple[str, list[Segment]]] = {}
        self._ledger = ledger or FakeUsageLedger()

    @classmethod
    def of(cls, segments: Sequence[Segment], language: str = "en") -> "FakeTranscriptRepository":
        """A transcript that is complete, in one part."""
        made = cls([AudioPart(number=0, start_second=0, end_second=segments[-1].end if segments else 1)])
        made.stored[0] = (language, list(segments))
        return made

    async def part(self, ref: AudioPartRef) -> AudioPart:
        return self.parts[ref.number]

    async def find_part(self, ref: AudioPartRef) -> PartTranscriptRef | None:
        if ref.number not in self.stored:
            return None
        segments = self.stored[ref.number][1]
        return PartTranscriptRef(
            transcript_id=ref.audio.transcript_id,
            number=ref.number,
            segments=len(segments),
            words=sum(len(segment.words) for segment in segments),
        )

    async def save_part(
        self, ref: AudioPartRef, language: str, segments: Sequence[Segment], ticket: CallTicket, usage: Usage
    ) -> PartTranscriptRef:
        self._ledger.settle(ticket, usage)
        self.stored.setdefault(ref.number, (language, list(segments)))
        stored = await self.find_part(ref)
        assert stored is not None
        return stored

    async def complete(self, audio: AudioRef) -> TranscriptRef:
        if len(self.stored) < audio.parts:
            raise TranscriptNotReady(f"{audio.parts - len(self.stored)} parts are not stored yet")
        segments = await self.segments(audio.video, audio.transcript_id)
        return TranscriptRef(
            video=audio.video,
            transcript_id=audio.transcript_id,
            language=self.stored[0][0],
            segments=len(segments),
            words=sum(len(segment.words) for segment in segments),
        )

    async def segments(self, video: VideoRef, transcript_id: UUID) -> list[Segment]:
        return [segment for number in sorted(self.stored) for segment in self.stored[number][1]]


class FakeChunkRepository:
    """The chunks of one transcript. `writes` counts the chunks that were new, `embedded` is shared with the vectors."""

    def __init__(self, chunks: Sequence[Chunk] = ()) -> None:
        self.chunks = {chunk.id: chunk for chunk in chunks}
        self.embedded: dict[tuple[UUID, str], tuple[float, ...]] = {}
        self.writes = 0

    async def replace(self, video: VideoRef, transcript_id: UUID, chunks: Sequence[Chunk]) -> None:
        self.writes += sum(chunk.id not in self.chunks for chunk in chunks)
        self.chunks = {chunk.id: self.chunks.get(chunk.id, chunk) for chunk in chunks}
        self.embedded = {key: vector for key, vector in self.embedded.items() if key[0] in self.chunks}

    async def without_embedding(self, video: VideoRef, transcript_id: UUID, model: str, limit: int) -> list[Chunk]:
        missing = [chunk for chunk in self.chunks.values() if (chunk.id, model) not in self.embedded]
        return sorted(missing, key=lambda chunk: chunk.position)[:limit]

    async def count(self, video: VideoRef, transcript_id: UUID) -> int:
        return len(self.chunks)


class FakeEmbeddingRepository:
    """Vectors of a FakeChunkRepository's chunks; what is there stays, a chunk that has gone is skipped."""

    def __init__(self, chunks: FakeChunkRepository, ledger: FakeUsageLedger | None = None) -> None:
        self._chunks = chunks
        self._ledger = ledger or FakeUsageLedger()

    async def save(
        self,
        video: VideoRef,
        model: str,
        vectors: Sequence[tuple[UUID, Sequence[float]]],
        ticket: CallTicket | None,
        usage: Usage,
    ) -> None:
        self._ledger.settle(ticket, usage)
        for chunk, vector in vectors:
            if chunk in self._chunks.chunks:
                self._chunks.embedded.setdefault((chunk, model), tuple(vector))

    async def count(self, video: VideoRef, transcript_id: UUID, model: str) -> int:
        return sum(known == model for _, known in self._chunks.embedded)


class FakeQuizRepository:
    """Quizzes by transcript and request's name."""

    def __init__(self, ledger: FakeUsageLedger | None = None) -> None:
        self.quizzes: dict[tuple[UUID, str], tuple[Question, ...]] = {}
        self._ledger = ledger or FakeUsageLedger()

    async def find(self, request: QuizRequest) -> QuizRef | None:
        questions = self.quizzes.get((request.transcript_id, request.request))
        key = ids.quiz_id(request.transcript_id, request.request)
        return None if questions is None else QuizRef(quiz_id=key, questions=len(questions))

    async def save(
        self,
        request: QuizRequest,
        provider: str,
        model: str,
        questions: Sequence[Question],
        ticket: CallTicket,
        usage: Usage,
    ) -> QuizRef:
        self._ledger.settle(ticket, usage)
        self.quizzes.setdefault((request.transcript_id, request.request), tuple(questions))
        stored = await self.find(request)
        assert stored is not None
        return stored
