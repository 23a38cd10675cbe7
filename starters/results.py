"""What was made of a video, gathered into one document."""

import asyncio
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from adapters.postgres.pool import Database
from adapters.postgres.quizzes import QuizReader
from adapters.postgres.summaries import VideoSummaries
from adapters.postgres.transcripts import TranscriptReader
from adapters.postgres.video_events import VideoChanges
from schemas.base import Frozen
from schemas.errors import MentoraError, TranscriptNotReady, VideoCancelled, error_class
from schemas.quizzes import Question
from schemas.transcripts import Transcript
from schemas.videos import Stage, StageProgress, Video, VideoStatus
from starters.progress import Progress

_PAGE = 500


class StageResult(Frozen):
    """One stage: wall time in seconds (None while it runs), and how much of what it did."""

    seconds: float | None
    done: float
    total: float
    unit: str


class TranscriptResult(Frozen):
    """A transcript's size; `is_complete` is false while parts are missing."""

    language: str | None
    model: str
    segments: int
    words: int
    is_complete: bool


class QuizResult(Frozen):
    """A quiz with its answers: the document is for the video's creator."""

    provider: str
    model: str
    questions: tuple[Question, ...]


class ErrorResult(Frozen):
    """Why the video has no result, and who must do what."""

    code: str
    message: str
    cure: str

    @classmethod
    def of(cls, error: MentoraError) -> "ErrorResult":
        """The same, of an error at hand."""
        return cls(code=error.code, message=str(error), cure=error.cure)


class VideoResult(Frozen):
    """The whole. Times are in seconds; `elapsed_seconds` is from the event's acceptance to the video's completion."""

    video_id: UUID
    status: VideoStatus
    title: str
    duration_seconds: float | None
    elapsed_seconds: float | None
    stages: dict[Stage, StageResult]
    transcript: TranscriptResult | None
    chunks: int
    embedding_model: str | None
    quiz: QuizResult | None
    workflow_id: str
    temporal_ui: str | None
    error: ErrorResult | None


@dataclass(frozen=True)
class TemporalUi:
    """Where people look at workflows. Without an address there are no links."""

    address: str
    namespace: str

    def link(self, workflow_id: str) -> str | None:
        """Our workflow ids hold slashes, which the address must not."""
        if not self.address:
            return None
        namespace, workflow = quote(self.namespace, safe=""), quote(workflow_id, safe="")
        return f"{self.address.rstrip('/')}/namespaces/{namespace}/workflows/{workflow}"


async def gather_result(database: Database, video: Video, ui: TemporalUi) -> VideoResult:
    """Everything that is stored of the video by now. Raises: DatabaseUnavailable."""
    creator, key = video.creator_id, video.id
    summaries = VideoSummaries(database)
    progress, transcript, chunks, model, quiz = await asyncio.gather(
        read_progress(database, video),
        read_transcript(database, creator, key),
        summaries.chunk_count(creator, key),
        summaries.embedding_model(creator, key),
        QuizReader(database).newest(creator, key),
    )
    return VideoResult(
        video_id=key,
        status=video.status,
        title=video.title,
        duration_seconds=video.duration_seconds,
        elapsed_seconds=_elapsed(video),
        stages={stage.stage: _stage(stage) for stage in progress.stages},
        transcript=_transcript(transcript) if transcript is not None else None,
        chunks=chunks,
        embedding_model=model,
        quiz=QuizResult(provider=quiz.provider, model=quiz.model, questions=quiz.questions) if quiz else None,
        workflow_id=video.workflow_id,
        temporal_ui=ui.link(video.workflow_id),
        error=error_of(video),
    )


async def read_progress(database: Database, video: Video) -> Progress:
    """The change log from its beginning, folded."""
    progress = Progress()
    while changes := await VideoChanges(database).after(video.creator_id, video.id, progress.number, _PAGE):
        for change in changes:
            progress.take(change)
        if len(changes) < _PAGE:
            break
    return progress


async def read_transcript(database: Database, creator: UUID, video_id: UUID) -> Transcript | None:
    """The newest transcript as far as it is stored, or None before its first part."""
    try:
        transcript = await TranscriptReader(database).newest(creator, video_id)
    except TranscriptNotReady:
        return None
    return transcript if transcript.parts_done else None


def error_of(video: Video) -> ErrorResult | None:
    """Why the video ended badly, if it did."""
    if video.status is VideoStatus.CANCELLED:
        return ErrorResult.of(VideoCancelled("the video was cancelled"))
    if video.status is not VideoStatus.FAILED:
        return None
    code = video.failure_code or MentoraError.code
    return ErrorResult(code=code, message=video.failure_message or "", cure=error_class(code).cure)


def _elapsed(video: Video) -> float | None:
    return (video.completed_at - video.created_at).total_seconds() if video.completed_at else None


def _stage(told: StageProgress) -> StageResult:
    return StageResult(seconds=told.seconds, done=told.done, total=told.total, unit=told.unit)


def _transcript(transcript: Transcript) -> TranscriptResult:
    return TranscriptResult(
        language=transcript.language,
        model=transcript.model,
        segments=len(transcript.segments),
        words=sum(len(segment.words) for segment in transcript.segments),
        is_complete=transcript.is_complete,
    )
