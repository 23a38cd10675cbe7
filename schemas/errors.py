"""Errors classify themselves: the class says what happened, its root says whether a retry can help.

Adapters translate every outside error into one of these at the edge. An exception that is none of them is a bug.
`code` is stable and public; `exit_status` is the command line's; `cure` says who must do what.
"""

from typing import ClassVar


class MentoraError(Exception):
    """Any error with a name. `str(error)` is one sentence of fact for a person."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    cure: ClassVar[str] = "Report this: it is a bug."


class PermanentError(MentoraError):
    """A retry cannot help: someone must change something first."""


class TransientError(MentoraError):
    """A retry can help. `retry_after` is in seconds, where the other side said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


# ---- The lecture itself: its teacher must upload another file. -------------------------------------------------------


class InputError(PermanentError):
    """The bytes or the address that the creator gave cannot become a lecture."""


class NotMedia(InputError):
    """The bytes are no audio or video in a container we read."""

    code = "not_media"
    exit_status = 20
    cure = "Upload a video or audio file: MP4, MOV, MKV, WebM, MP3, M4A, WAV, FLAC or Ogg."


class NoAudioTrack(InputError):
    """The file has pictures only."""

    code = "no_audio_track"
    exit_status = 21
    cure = "Upload the recording with its sound."


class SpeechNotFound(InputError):
    """The audio holds no speech."""

    code = "speech_not_found"
    exit_status = 22
    cure = "Check the microphone and upload a recording in which somebody speaks."


class MediaTruncated(InputError):
    """The file ends, or breaks, before its declared duration."""

    code = "media_truncated"
    exit_status = 23
    cure = "The file is incomplete: copy it again from the original and upload it."


class MediaTooLong(InputError):
    """The recording is longer than this installation takes."""

    code = "media_too_long"
    exit_status = 24
    cure = "Cut the recording into lectures below the limit (MENTORA_MAX_VIDEO_HOURS)."


class MediaEncrypted(InputError):
    """The media is protected; its samples cannot be read."""

    code = "media_encrypted"
    exit_status = 25
    cure = "Upload a copy without digital rights management."


class MediaTooDemanding(InputError):
    """Decoding broke a limit on time, memory or output."""

    code = "media_too_demanding"
    exit_status = 26
    cure = "Convert the file to plain MP4 with one audio track and upload it again."


class FileNotReadable(InputError):
    """The named file cannot be opened."""

    code = "file_not_readable"
    exit_status = 27
    cure = "Check the path and its permissions."


class UrlRefused(InputError):
    """The address is not one that we fetch: not https, or not a public host."""

    code = "url_refused"
    exit_status = 30
    cure = "Give an https address on a public host."


class DownloadRefused(InputError):
    """The other server said no, for good."""

    code = "download_refused"
    exit_status = 31
    cure = "Check that the address can be opened without a log-in."


class DownloadTooLarge(InputError):
    """The file is larger than this installation takes."""

    code = "download_too_large"
    exit_status = 32
    cure = "Give a smaller file (MENTORA_MAX_VIDEO_BYTES)."


# ---- The request: its sender must change it. -------------------------------------------------------------------------


class VideoNotFound(PermanentError):
    """No such video among the caller's."""

    code = "video_not_found"
    exit_status = 40
    cure = "List yours with `mentora status`."


class EventInvalid(PermanentError):
    """An event does not say what its type must say."""

    code = "event_invalid"
    exit_status = 41
    cure = "Mend the named field and send the event again."


class IdempotencyKeyReused(PermanentError):
    """The key was used before, for something else."""

    code = "idempotency_key_reused"
    exit_status = 42
    cure = "Use a new key for a new event."


class TranscriptNotReady(PermanentError):
    """Nothing of the transcript is stored yet."""

    code = "transcript_not_ready"
    exit_status = 43
    cure = "Wait for the first part: `mentora status` shows how far it is."


# ---- The story: superseded, or beyond our strength. ------------------------------------------------------------------


class Superseded(PermanentError):
    """The video was cancelled, deleted or started again: this story's epoch is over, and it must not write."""

    code = "superseded"
    exit_status = 50
    cure = "Nothing to do: a newer run, or nobody, needs this one."


class StepPoisoned(PermanentError):
    """A step killed its worker three times."""

    code = "step_poisoned"
    exit_status = 51
    cure = "An operator must look at the worker's log before this is retried."


class VideoCancelled(PermanentError):
    """Somebody cancelled the video."""

    code = "video_cancelled"
    exit_status = 52
    cure = "Submit the video again if it is still wanted."


# ---- The providers: an operator must change a key, a quota or a setting; or the provider recovers. -------------------


class ProviderRefused(PermanentError):
    """The provider will not serve us: bad key, no permission, no quota, unknown model, request out of its bounds."""

    code = "provider_refused"
    exit_status = 60
    cure = "An operator must check the key, the quota and the model's name."


class ProviderDeclined(PermanentError):
    """The model declined to answer this content."""

    code = "provider_declined"
    exit_status = 61
    cure = "Choose another provider or model for this lecture."


class ProviderUnavailable(TransientError):
    """The provider failed, was slow or broke the connection."""

    code = "provider_unavailable"
    exit_status = 62
    cure = "Wait: it is retried. See the provider's status page."


class RateLimited(TransientError):
    """The provider asked us to slow down."""

    code = "rate_limited"
    exit_status = 63
    cure = "Wait: it is retried when the provider said."


class ProviderAnswerInvalid(TransientError):
    """The provider answered, and the answer is not what was asked for: nothing of it is kept."""

    code = "provider_answer_invalid"
    exit_status = 64
    cure = "It is retried; if it lasts, an operator must check the model's name and the base URL."


class DownloadInterrupted(TransientError):
    """The other server broke off; the next attempt goes on where this one ended."""

    code = "download_interrupted"
    exit_status = 65
    cure = "Wait: it is resumed."


# ---- Our own stores: waited out by time, never counted as a failed attempt. ------------------------------------------


class StoreUnavailable(TransientError):
    """One of our own stores is away. The work waits for it, however long it takes."""

    code = "store_unavailable"
    exit_status = 70
    cure = "Bring the store back; everything goes on by itself."


class DatabaseUnavailable(StoreUnavailable):
    """PostgreSQL cannot be reached or is shutting down."""

    code = "database_unavailable"
    exit_status = 71


class ObjectStoreUnavailable(StoreUnavailable):
    """Object storage cannot be reached."""

    code = "object_store_unavailable"
    exit_status = 72


class StorageFull(StoreUnavailable):
    """A disk is full."""

    code = "storage_full"
    exit_status = 73
    cure = "Free some space; everything goes on by itself."


class TemporalUnavailable(StoreUnavailable):
    """The Temporal server cannot be reached."""

    code = "temporal_unavailable"
    exit_status = 74


# ---- This machine: its owner must install or choose something. -------------------------------------------------------


class SettingsInvalid(PermanentError):
    """A setting is missing or says what cannot be."""

    code = "settings_invalid"
    exit_status = 78
    cure = "Mend the named setting; `.env.example` explains each."


class PartMissing(PermanentError):
    """A program or model that this machine needs is not installed."""

    code = "part_missing"
    exit_status = 79
    cure = "Run `mentora doctor`: it says what is missing and how to get it."


class HomeInUse(PermanentError):
    """Another `mentora` already runs in this home."""

    code = "home_in_use"
    exit_status = 80
    cure = "Use the one that runs, stop it with `mentora stop`, or choose another MENTORA_HOME."


class NotRunning(PermanentError):
    """No `mentora up` runs in this home."""

    code = "not_running"
    exit_status = 81
    cure = "Start it with `mentora up`."


class ServerFailed(PermanentError):
    """A server of this home would not start."""

    code = "server_failed"
    exit_status = 82
    cure = "Read its log in the home's `logs` folder."


def _family(root: type[MentoraError]) -> dict[str, type[MentoraError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _family(child)
    return found


def error_class(code: str) -> type[MentoraError]:
    """The class that carries `code`; `MentoraError` itself for a code of another version."""
    return _family(MentoraError).get(code, MentoraError)


def error_classes() -> tuple[type[MentoraError], ...]:
    """Every error with a code of its own, for the documentation and the tests."""
    return tuple(_family(MentoraError).values())
