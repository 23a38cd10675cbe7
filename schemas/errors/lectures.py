"""The lecture itself cannot be processed: its teacher must upload another file."""

from schemas.errors.roots import PermanentError


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
