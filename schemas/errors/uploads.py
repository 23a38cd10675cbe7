"""Files on their way in and out: what a client of the protocols must know, each in the protocols' own statuses."""

from schemas.errors.roots import PermanentError


class UploadConflict(PermanentError):
    """The bytes sent do not begin where the upload ends."""

    code = "upload_conflict"
    exit_status = 97
    cure = "Ask by HEAD how much is there, and go on from there."


class UploadExpired(PermanentError):
    """The upload was not finished in time."""

    code = "upload_expired"
    exit_status = 98
    cure = "Begin a new upload."


class TooManyUploads(PermanentError):
    """The creator has as many unfinished uploads as there may be."""

    code = "too_many_uploads"
    exit_status = 118
    cure = "Finish some of them, or end them by DELETE; what nobody goes on with ends after two days."


class TusVersionRefused(PermanentError):
    """The client speaks another version of the upload protocol, or does not say which."""

    code = "tus_version_refused"
    exit_status = 99
    cure = "Send `Tus-Resumable: 1.0.0`."


class ChecksumMismatch(PermanentError):
    """The bytes that came are not those that were sent; nothing of them is kept."""

    code = "checksum_mismatch"
    exit_status = 112
    cure = "Send the same bytes again."


class MediaTypeRefused(PermanentError):
    """The body is not of the type that this route takes."""

    code = "media_type_refused"
    exit_status = 113
    cure = "Send the Content-Type that the route names."


class MediaLinkInvalid(PermanentError):
    """The address of the file is not one that we gave out, or no longer good."""

    code = "media_link_invalid"
    exit_status = 114
    cure = "Ask for a new one at /api/videos/{id}/media."


class RangeNotSatisfiable(PermanentError):
    """The file has no such bytes."""

    code = "range_not_satisfiable"
    exit_status = 115
    cure = "Ask for bytes below the length that Content-Range tells."
