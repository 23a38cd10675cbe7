"""Orders: what the outbox asks the relay to tell Temporal. Their payloads hold references only."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from schemas.base import Frozen
from schemas.videos import VideoRef


class OrderKind(StrEnum):
    """What to do; all but the second begin a story."""

    PROCESS_VIDEO = "process-video"
    CANCEL_VIDEO = "cancel-video"
    DELETE_VIDEO = "delete-video"
    EDIT_TRANSCRIPT = "edit-transcript"
    GENERATE_QUIZ = "generate-quiz"


class Order(Frozen):
    """One order. `workflow_id` names the story to begin, or to cancel; `request_id` the request that it comes from."""

    creator_id: UUID
    id: UUID
    kind: str
    workflow_id: str
    payload: dict[str, Any]
    request_id: str | None = None


class VideoDeletion(Frozen):
    """A deleted video: the story that may still run for it, and what it has in the object store.

    `upload_ids` are those whose pieces may still lie there. Orders and histories from before they were named have none.
    """

    video: VideoRef
    workflow_id: str
    object_keys: tuple[str, ...]
    upload_ids: tuple[UUID, ...] = ()
