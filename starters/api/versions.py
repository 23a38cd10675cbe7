"""Which versions a client names: those that it keeps and asks about, and those that it will have edited."""

import hashlib
from collections.abc import Container
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The copy that the client has is still good."}}


def tag_of(*facts: object) -> str:
    """The version that follows from these facts. Weak: compressed or not, it is the same to a reader."""
    return f'W/"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


def kept(tag: str) -> dict[str, str]:
    """The headers of an answer of this version: for this caller alone, and never without asking."""
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}


def unchanged(request: Request, tag: str) -> Response | None:
    """304 where the client has this version."""
    return Response(status_code=304, headers=kept(tag)) if has_version(request, tag) else None


def has_version(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names this version; as a weak one too, which a proxy that compresses makes of it."""
    held, opaque = _Tags(request, "If-None-Match"), tag.removeprefix("W/")
    return opaque in held or f"W/{opaque}" in held


def expected(request: Request) -> Container[str] | None:
    """The versions that `If-Match` names, letter by letter; None where it is not there, and any will do."""
    return _Tags(request, "If-Match") if "If-Match" in request.headers else None


class _Tags(Container[str]):
    """What a header lists, on one line or on several (RFC 9110, 5.3); `*` is any. No tag of ours holds a comma."""

    def __init__(self, request: Request, header: str) -> None:
        self._listed = {part.strip() for line in request.headers.getlist(header) for part in line.split(",")}

    def __contains__(self, tag: object) -> bool:
        return tag in self._listed or "*" in self._listed
