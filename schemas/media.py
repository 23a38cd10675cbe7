"""Media: a lecture's bytes, what is in them, and the audio cut out of them."""

from enum import StrEnum
from uuid import UUID

from schemas.base import Frozen
from schemas.videos import VideoRef

SAMPLE_RATE_HZ = 16_000  # what Whisper reads; kept in one place because every byte offset follows from it
BYTES_PER_SAMPLE = 2  # signed 16-bit little-endian, mono
BYTES_PER_SECOND = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE


# What a browser may be told that a creator's file is: media, and never a page.
_TYPES = {
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "ogv": "video/ogg",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
}
_UNKNOWN = "application/octet-stream"
# ffmpeg has one reader for a family, and a probe keeps its first name. Which member a file is, its own name says;
# where that says nothing, it is the first here, which browsers play.
_FAMILIES = {
    "mov": ("mp4", "mov", "m4v", "m4a"),
    "matroska": ("webm", "mkv"),
    "ogg": ("ogg", "ogv", "opus"),
}


class ArtefactKind(StrEnum):
    """What a stored file is to its video."""

    SOURCE = "source"
    AUDIO = "audio"


class SourceRef(Frozen):
    """A lecture's bytes in object storage."""

    object_key: str
    sha256: str
    bytes: int


class MediaInfo(Frozen):
    """What a probe found: times in seconds, `audio_seconds` as the container declares it (None where it does not)."""

    container: str
    duration_seconds: float | None
    audio_codec: str
    audio_seconds: float | None
    sample_rate_hz: int
    channels: int


class AudioRef(Frozen):
    """A video's audio: raw 16 kHz mono 16-bit PCM under `object_key`, to be transcribed in `parts` parts."""

    video: VideoRef
    transcript_id: UUID
    object_key: str
    sha256: str
    duration_seconds: float
    parts: int


class AudioPartRef(Frozen):
    """One part of an audio; its offsets lie in the database, found by number (0 is the first)."""

    audio: AudioRef
    number: int


class AudioPart(Frozen):
    """Where a part lies in its audio: seconds from the start of the video."""

    number: int
    start_second: float
    end_second: float


def media_type(name: str, container: str | None = None) -> str:
    """The type of the file, from what a probe called its container, else from the end of its own name."""
    suffix = name.rpartition(".")[2].lower()
    family = _FAMILIES.get(container, (container,)) if container is not None else (suffix,)
    return _TYPES.get(suffix if suffix in family else family[0], _UNKNOWN)


def kept_suffix(name: str) -> str:
    """`.mp4` of a file's name where it is a known one: all that a key keeps of what a client calls its file."""
    suffix = name.rpartition(".")[2].lower()
    return f".{suffix}" if suffix in _TYPES else ".source"
