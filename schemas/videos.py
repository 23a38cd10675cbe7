"""Videos: what a story carries of one, and what a client may read."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schemas.base import Frozen


class VideoStatus(StrEnum):
    """`queued` -> `processing` -> one of the others, which are final for their epoch."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"  # of a row that no reader sees any more

    @property
    def is_final(self) -> bool:
        """Whether nothing will change the video any more, short of a new epoch."""
        return self not in (VideoStatus.QUEUED, VideoStatus.PROCESSING)


class Stage(StrEnum):
    """The parts of a video's way that a person follows, in their order."""

    FETCH = "fetch"
    AUDIO = "audio"
    TRANSCRIPT = "transcript"
    CHUNKS = "chunks"
    EMBEDDINGS = "embeddings"
    QUIZ = "quiz"


class VideoRef(Frozen):
    """Names one video at one epoch. A write that carries an older epoch than the video's row must change nothing."""

    creator_id: UUID
    video_id: UUID
    epoch: int = 1


class StageProgress(Frozen):
    """How far one stage is. `done` and `total` are in `unit`; `seconds` is wall time, None while it runs."""

    stage: Stage
    done: float = 0
    total: float = 0
    unit: str = ""
    seconds: float | None = None


class Video(Frozen):
    """A video as its creator sees it."""

    creator_id: UUID
    id: UUID
    epoch: int
    title: str
    status: VideoStatus
    source: str
    duration_seconds: float | None
    failure_code: str | None
    failure_message: str | None
    workflow_id: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def ref(self) -> VideoRef:
        """The reference that activities take."""
        return VideoRef(creator_id=self.creator_id, video_id=self.id, epoch=self.epoch)


class VideoChange(Frozen):
    """One numbered line of a video's change log; a client that has `number` asks for what came after it."""

    number: int
    kind: str
    data: dict[str, object]
    at: datetime


class VideoStanding(Frozen):
    """Where a video stands after its change of this number, its last."""

    status: VideoStatus
    number: int


class VideoSource(Frozen):
    """What a video's row says of its bytes: a key of ours, or an https URL not fetched yet."""

    title: str
    object_key: str | None
    url: str | None
