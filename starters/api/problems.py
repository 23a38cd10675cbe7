"""Errors as problem documents (RFC 9457): the one place where the tree of errors meets HTTP."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas import errors
from schemas.errors import MentoraError, TransientError
from starters.api.requests import request_id_of

MEDIA_TYPE = "application/problem+json"
_AGAIN_SECONDS = 1.0  # where a store is away: the next try costs little, and it may be back

# The nearest class above an error decides. Whatever is not here is our own fault: 500.
_STATUS: dict[type[MentoraError], int] = {
    errors.Unauthenticated: 401,
    errors.SignatureRefused: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.VideoNotFound: 404,
    errors.TranscriptNotReady: 404,
    errors.StatusForbids: 409,
    errors.VideoChanged: 412,
    errors.ChatNotFound: 404,
    errors.AnswerPending: 409,
    errors.AttemptsUsedUp: 409,
    errors.UploadConflict: 409,
    errors.TooManyUploads: 409,
    errors.UploadExpired: 410,
    errors.TusVersionRefused: 412,
    errors.RequestTooLarge: 413,
    errors.RequestHeadTooLarge: 431,
    errors.MediaTypeRefused: 415,
    errors.RangeNotSatisfiable: 416,
    errors.MediaLinkInvalid: 403,
    errors.ChecksumMismatch: 460,  # the upload protocol's own
    errors.RequestInvalid: 422,
    errors.EventInvalid: 422,
    errors.IdempotencyKeyReused: 422,
    errors.SegmentNotFound: 422,
    errors.InputError: 422,
    errors.TooManyRequests: 429,
    errors.TookTooLong: 503,
    errors.StoreUnavailable: 503,
    errors.WhopUnavailable: 503,
    errors.StorageFull: 507,
    errors.ProviderDeclined: 502,
    errors.ProviderRefused: 502,
    errors.ProviderAnswerInvalid: 502,
    errors.ProviderUnavailable: 503,
    errors.RateLimited: 503,
}


class FieldProblem(BaseModel):
    """One field that must be mended."""

    field: str = Field(examples=["body.title"])
    message: str


class Problem(BaseModel):
    """What went wrong, in RFC 9457's words; `code` is stable, `cure` says who must do what."""

    type: str = Field(examples=["urn:mentora:error:video_not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["video_not_found"])
    cure: str
    request_id: str
    errors: list[FieldProblem] | None = None


def status_of(error: MentoraError) -> int:
    """The HTTP status of an error."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def problem_response(request: Request, error: MentoraError) -> Response:
    """The error as its document. What a client may try again says when."""
    status = status_of(error)
    fields = [FieldProblem(field=where, message=what) for where, what in getattr(error, "fields", ())]
    headers = {}
    if isinstance(error, TransientError) and status in (409, 429, 503):
        headers["Retry-After"] = str(max(1, round(error.retry_after or _AGAIN_SECONDS)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_document(request, status, type(error), str(error), fields, headers)


def bug_response(request: Request) -> Response:
    """For an exception that is none of ours: its story is in the log, under the request's id."""
    return problem_document(request, 500, MentoraError, "something went wrong on our side", [], {})


def problem_document(
    request: Request,
    status: int,
    kind: type[MentoraError],
    detail: str,
    fields: list[FieldProblem],
    headers: dict[str, str],
) -> Response:
    """An answer of one kind of error: RFC 9457's document, and the headers that go with it."""
    said = Problem(
        type=f"urn:mentora:error:{kind.code}",
        title=(kind.__doc__ or "").splitlines()[0],
        status=status,
        detail=detail,
        code=kind.code,
        cure=kind.cure,
        request_id=request_id_of(request),
        errors=fields or None,
    )
    return JSONResponse(said.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


def documented() -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: every route may answer with a problem document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": text, "content": content}
        for status, text in (("4XX", "The request cannot be served as it is."), ("5XX", "We cannot serve it now."))
    }
