"""Uploads: files on their way in."""

from datetime import datetime
from uuid import UUID

from schemas.base import Frozen
from schemas.media import kept_suffix


class NewUpload(Frozen):
    """What a client says of the file that it is about to send; `length` in bytes, `metadata` as it came."""

    creator_id: UUID
    id: UUID
    length: int
    metadata: str
    title: str
    course: str | None
    object_key: str


class Upload(NewUpload):
    """An upload as it is. `received` bytes are safe; `video_id` is there once it is complete."""

    received: int
    expires_at: datetime
    is_expired: bool
    last_start: int
    video_id: UUID | None

    @property
    def offset(self) -> int:
        """Where the client goes on. The last piece is acknowledged together with the video, never before it."""
        return self.last_start if self.is_whole and self.video_id is None else self.received

    def is_of(self, new: NewUpload) -> bool:
        """Whether it was begun with just this."""
        return self.model_dump(include=set(NewUpload.model_fields)) == new.model_dump()

    @property
    def is_whole(self) -> bool:
        """Whether every byte is safe."""
        return self.received == self.length


class UploadPart(Frozen):
    """A piece that is safe in the object store; `start` and `bytes` in bytes of the whole."""

    start: int
    bytes: int
    object_key: str


def upload_prefix(creator: UUID, upload: UUID) -> str:
    """Below it lies all of an upload."""
    return f"{creator}/uploads/{upload}"


def pieces_prefix(creator: UUID, upload: UUID) -> str:
    """Below it lie the pieces until they are one file."""
    return f"{upload_prefix(creator, upload)}/pieces"


def upload_key(creator: UUID, upload: UUID, filename: str, sha256: str = "") -> str:
    """Where the whole file will lie. With the bytes' checksum other bytes are another file, and another event."""
    return f"{upload_prefix(creator, upload)}/file{f'-{sha256[:16]}' if sha256 else ''}{kept_suffix(filename)}"


def event_key(upload: UUID) -> str:
    """The key of the event that the upload ends with: one upload, one video."""
    return f"upload/{upload}"


def file_name(path: str) -> str:
    """The last of its parts, whichever slashes the client's system has."""
    return path.replace("\\", "/").rpartition("/")[2]
