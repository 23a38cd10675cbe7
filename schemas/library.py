"""The library: a creator's videos, as whoever asks may see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.base import Frozen
from schemas.videos import StageProgress, VideoChange, VideoStatus


class VideoCard(Frozen):
    """A video in a list."""

    id: UUID
    title: str
    course: str | None
    status: VideoStatus
    published: bool
    duration_seconds: float | None
    created_at: datetime
    completed_at: datetime | None


class VideoFailure(Frozen):
    """Why a video failed, and who must do what; for its creator."""

    code: str
    message: str
    cure: str


class TranscriptState(Frozen):
    """How much of the newest transcript can be read."""

    id: UUID
    language: str | None
    is_partial: bool
    parts_done: int
    parts_total: int


class VideoDetail(VideoCard):
    """A video's page. `progress` is from 0 to 1; `seconds_left` is None where nobody can know.

    `failure` is for the creator alone; `transcript` is None before its parts are laid out; quizzes are newest first.
    """

    progress: float
    seconds_left: float | None
    stages: tuple[StageProgress, ...]
    failure: VideoFailure | None
    transcript: TranscriptState | None
    quiz_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class VideoFacts:
    """What the database says of one video. `changes` are those that its stages follow from."""

    card: VideoCard
    failure_code: str | None
    failure_message: str | None
    changes: tuple[VideoChange, ...]
    transcript: TranscriptState | None
    quiz_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class Place:
    """Where a list, newest first, goes on: behind this one."""

    at: datetime
    id: UUID
