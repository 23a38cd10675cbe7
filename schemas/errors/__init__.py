"""Errors classify themselves: the class says what happened, its root says whether a retry can help.

Adapters translate every outside error into one of these at the edge. An exception that is none of them is a bug.
"""

from schemas.errors.chats import AnswerPending, ChatNotFound
from schemas.errors.gateway import (
    AttemptsUsedUp,
    Forbidden,
    NotFound,
    RequestHeadTooLarge,
    RequestInvalid,
    RequestTooLarge,
    TookTooLong,
    TooManyRequests,
    Unauthenticated,
)
from schemas.errors.lectures import (
    DownloadRefused,
    DownloadTooLarge,
    FileNotReadable,
    InputError,
    MediaEncrypted,
    MediaTooDemanding,
    MediaTooLong,
    MediaTruncated,
    NoAudioTrack,
    NotMedia,
    SpeechNotFound,
    UrlRefused,
)
from schemas.errors.machines import (
    HomeInUse,
    NotRunning,
    PartMissing,
    ServerFailed,
    SettingsInvalid,
)
from schemas.errors.providers import (
    DownloadInterrupted,
    ProviderAnswerInvalid,
    ProviderDeclined,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
)
from schemas.errors.requests import (
    EventInvalid,
    IdempotencyKeyReused,
    LectureDeleted,
    StepPoisoned,
    Superseded,
    TranscriptNotReady,
    VideoCancelled,
    VideoNotFound,
)
from schemas.errors.roots import (
    MentoraError,
    PermanentError,
    TransientError,
)
from schemas.errors.stores import (
    DatabaseUnavailable,
    ObjectStoreUnavailable,
    StorageFull,
    StoreUnavailable,
    TemporalUnavailable,
)
from schemas.errors.uploads import (
    ChecksumMismatch,
    MediaLinkInvalid,
    MediaTypeRefused,
    RangeNotSatisfiable,
    TooManyUploads,
    TusVersionRefused,
    UploadConflict,
    UploadExpired,
)
from schemas.errors.videos import (
    SegmentNotFound,
    StatusForbids,
    VideoChanged,
)
from schemas.errors.whop import (
    SignatureRefused,
    TooManyKeys,
    WhopUnavailable,
)

__all__ = [
    "AnswerPending",
    "AttemptsUsedUp",
    "ChatNotFound",
    "ChecksumMismatch",
    "DatabaseUnavailable",
    "DownloadInterrupted",
    "DownloadRefused",
    "DownloadTooLarge",
    "EventInvalid",
    "FileNotReadable",
    "Forbidden",
    "HomeInUse",
    "IdempotencyKeyReused",
    "InputError",
    "LectureDeleted",
    "MediaEncrypted",
    "MediaLinkInvalid",
    "MediaTooDemanding",
    "MediaTooLong",
    "MediaTruncated",
    "MediaTypeRefused",
    "MentoraError",
    "NoAudioTrack",
    "NotFound",
    "NotMedia",
    "NotRunning",
    "ObjectStoreUnavailable",
    "PartMissing",
    "PermanentError",
    "ProviderAnswerInvalid",
    "ProviderDeclined",
    "ProviderRefused",
    "ProviderUnavailable",
    "RangeNotSatisfiable",
    "RateLimited",
    "RequestHeadTooLarge",
    "RequestInvalid",
    "RequestTooLarge",
    "SegmentNotFound",
    "ServerFailed",
    "SettingsInvalid",
    "SignatureRefused",
    "SpeechNotFound",
    "StatusForbids",
    "StepPoisoned",
    "StorageFull",
    "StoreUnavailable",
    "Superseded",
    "TemporalUnavailable",
    "TooManyKeys",
    "TooManyRequests",
    "TooManyUploads",
    "TookTooLong",
    "TranscriptNotReady",
    "TransientError",
    "TusVersionRefused",
    "Unauthenticated",
    "UploadConflict",
    "UploadExpired",
    "UrlRefused",
    "VideoCancelled",
    "VideoChanged",
    "VideoNotFound",
    "WhopUnavailable",
    "error_class",
    "error_classes",
]


def _family(root: type[MentoraError]) -> dict[str, type[MentoraError]]:
    found = {root.code: root} if "code" in vars(root) else {}  # the roots have no code: nobody raises them
    for child in root.__subclasses__():
        found |= _family(child)
    return found


def error_class(code: str) -> type[MentoraError]:
    """The class that carries `code`; `MentoraError` itself for a bug, or for a code of another version."""
    return _family(MentoraError).get(code, MentoraError)


def error_classes() -> tuple[type[MentoraError], ...]:
    """Every error with a code of its own, for the documentation and the tests."""
    return tuple(_family(MentoraError).values())
