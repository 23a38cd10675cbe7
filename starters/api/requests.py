"""One request id through everything: taken from the caller or made, and found by whoever answers."""

import re
from uuid import uuid4

from starlette.requests import HTTPConnection

HEADER = "X-Request-Id"
_GOOD = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_KEY = "request_id"


def chosen_id(given: str | None) -> str:
    """The caller's own id where it is a plain one, else a new one."""
    return given if given is not None and _GOOD.match(given) else uuid4().hex


def keep_id(connection: HTTPConnection, request_id: str) -> None:
    """Remember the id for the length of the request."""
    connection.scope.setdefault("state", {})[_KEY] = request_id


def request_id_of(connection: HTTPConnection) -> str:
    """The id of this request."""
    return str(connection.scope.get("state", {}).get(_KEY, ""))
