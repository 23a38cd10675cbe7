"""How large a body may be: at the addresses that take files, and at those that only look like them."""

import pytest

from tests.starters.api.gateway import Gateway
from tests.starters.api.sockets import status_after

pytestmark = pytest.mark.servers

LOOK_ALIKE = [
    ("POST", "/api/videos/upload/watch"),
    ("PATCH", "/api/videos/upload"),
    ("PATCH", "/api/videos/uploadANYTHING"),
    ("PATCH", "/api/videos/upload%0a"),
]


@pytest.mark.parametrize(("method", "path"), LOOK_ALIKE)
async def test_what_only_looks_like_an_upload_takes_no_more_than_others(
    gateway: Gateway, method: str, path: str
) -> None:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
    assert await status_after(gateway, head + b"Content-Length: 20000000\r\n\r\n") == 413
    megabyte_and_more = b"19a280\r\n" + b" " * 0x19A280 + b"\r\n"  # and no end
    assert await status_after(gateway, head + b"Transfer-Encoding: chunked\r\n\r\n" + megabyte_and_more) == 413
