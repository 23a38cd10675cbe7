"""The caller of the gateway: it must show who it is, ask for what it may, and not too often."""

from schemas.errors.roots import PermanentError, TransientError


class Unauthenticated(PermanentError):
    """The request shows no credential, or one that is not good (any more)."""

    code = "unauthenticated"
    exit_status = 90
    cure = "Send a valid token: a Whop user token, a service key, or locally one of `mentora token`."


class Forbidden(PermanentError):
    """The caller's role does not include this."""

    code = "forbidden"
    exit_status = 91
    cure = "Ask as the creator, or as the operator, whose right this is."


class TooManyRequests(TransientError):
    """The caller has used up its share of this window."""

    code = "too_many_requests"
    exit_status = 92
    cure = "Wait as long as Retry-After says; the RateLimit headers tell what is left."


class RequestInvalid(PermanentError):
    """The request does not say what it must say."""

    code = "request_invalid"
    exit_status = 93
    cure = "Mend the named fields; /docs and /openapi.json say what is expected."

    def __init__(self, message: str, fields: tuple[tuple[str, str], ...] = ()) -> None:
        """`fields`: where (`body.title`, `query.limit`) and what is wrong there."""
        super().__init__(message)
        self.fields = fields


class RequestTooLarge(PermanentError):
    """The body is larger than this route takes."""

    code = "request_too_large"
    exit_status = 94
    cure = "Send less at once; videos go to /api/videos/upload in parts."


class RequestHeadTooLarge(PermanentError):
    """The address and the headers of the request are larger than any is taken."""

    code = "request_head_too_large"
    exit_status = 116
    cure = "Send fewer or shorter headers; cookies are not read here, and what is long goes into the body."


class NotFound(PermanentError):
    """There is nothing of that name for this caller."""

    code = "not_found"
    exit_status = 95
    cure = "Check the address; an id of another creator is not found either."


class AttemptsUsedUp(PermanentError):
    """The student has tried this quiz as often as it may be tried."""

    code = "attempts_used_up"
    exit_status = 107
    cure = "Read the answers in the quiz; the creator may have another quiz generated."


class TookTooLong(TransientError):
    """The answer was not ready in time, and the request was ended."""

    code = "took_too_long"
    exit_status = 96
    cure = "Try again; if it lasts, an operator must look at what is slow."
