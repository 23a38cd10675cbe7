"""Answers that a client may keep for itself: each time it asks whether its copy is still good, and mostly it is."""

import hashlib
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
    held = {part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")}
    return Response(status_code=304, headers=kept(tag)) if {tag.removeprefix("W/"), "*"} & held else None
