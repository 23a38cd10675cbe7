"""What a server's answer to a download means."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from adapters.media.partial_file import PartialFile
from schemas.errors import DownloadInterrupted, DownloadRefused

MAX_RETRY_AFTER_SECONDS = 3_600.0  # a server must not park a lecture for a week
_LATER = frozenset({408, 425, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)\Z")


def range_headers(partial: PartialFile) -> dict[str, str]:
    """Ask for the rest of what is there, or for the whole where the file has changed since."""
    validator = partial.validator
    return {"Range": f"bytes={partial.size}-", "If-Range": validator} if validator else {}


def redirect_of(response: httpx2.Response) -> str | None:
    """Where the server sends us, if it does."""
    return response.headers.get("Location") if response.status_code in _REDIRECTS else None


def raise_unless_file(response: httpx2.Response) -> None:
    """Raises: DownloadRefused (permanent); DownloadInterrupted (transient) with the server's Retry-After."""
    status = response.status_code
    if status >= 500 or status in _LATER:
        raise DownloadInterrupted(f"the server answered {status}", retry_after=retry_after(response.headers))
    if status not in {200, 206} and not (status == 416 and "Range" in response.request.headers):
        raise DownloadRefused(f"the server answered {status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise DownloadRefused("the server compresses the file though it was asked not to")
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise DownloadRefused("the server answered with a web page")


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds from now, between 0 and an hour; None where the server says nothing that can be read."""
    said = headers.get("Retry-After")
    if said is None:
        return None
    try:
        seconds = float(said)
    except ValueError:
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS) if math.isfinite(seconds) else None


def agree_on_start(response: httpx2.Response, partial: PartialFile) -> int | None:
    """Go on behind the bytes so far, or forget them; return the bytes of the whole file where the server says them.

    Raises: DownloadInterrupted where the server continues another version than it began.
    """
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        partial.begin(_validator(response.headers), total)
        return total
    said = _RANGE.match(response.headers.get("Content-Range", ""))  # of a 416 it does not match: no such bytes any more
    tag = response.headers.get("ETag")
    if (
        said is None
        or int(said[1]) != partial.size
        or (said[2] != "*" and partial.total is not None and int(said[2]) != partial.total)
        or (tag is not None and (partial.validator or "").startswith('"') and tag != partial.validator)
    ):
        partial.discard()
        raise DownloadInterrupted("the file changed on its server: it is fetched again from the start")
    return partial.total if said[2] == "*" else int(said[2])


def _validator(headers: httpx2.Headers) -> str | None:
    """A strong ETag, else the time of the last change; a weak ETag does not promise equal bytes (RFC 9110, 13.1.5)."""
    tag = headers.get("ETag", "")
    found = tag if tag.startswith('"') else headers.get("Last-Modified")
    return found if found and headers.get("Accept-Ranges", "bytes") != "none" else None
