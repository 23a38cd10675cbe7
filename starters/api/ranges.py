"""Byte ranges (RFC 9110, 14): which bytes of a file a request asks for."""

import re

from starlette.requests import Request

from schemas.errors import RangeNotSatisfiable
from starters.api.envelope import add_header

_ONE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})\Z")


def asked_range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """The first byte and the one after the last; None is the whole file.

    Several ranges at once, and units that nobody knows, are answered with the whole file, as the RFC allows; so is a
    range of another version of the file (`If-Range`).
    Raises: RangeNotSatisfiable.
    """
    found = _ONE.match(request.headers.get("Range", "").strip())
    if found is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found[1], found[2]
    if not first and not last:
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        add_header(request, "Content-Range", f"bytes */{size}")
        raise RangeNotSatisfiable(f"the file has {size} bytes")
    return start, end
