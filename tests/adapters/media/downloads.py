"""How the tests of the downloader download."""

import random
from pathlib import Path
from typing import Any

from adapters.media.downloader import HttpsDownloader
from tests.adapters.media.web_server import WebServer

CONTENT = random.Random(5).randbytes(3_000_000)
OTHER_CONTENT = random.Random(6).randbytes(2_500_000)


def content(path: Path) -> bytes:
    return path.read_bytes()


def downloader(server: WebServer, **options: Any) -> HttpsDownloader:
    chosen: dict[str, Any] = {
        "max_bytes": 10_000_000,
        "timeout_seconds": 20,
        "allowed_hosts": [server.authority],
    } | options
    return HttpsDownloader(**chosen)


async def fetch(server: WebServer, target: Path, path: str = "/lecture.mp4", **options: Any) -> list[float]:
    seen: list[float] = []
    await downloader(server, **options).download(f"http://{server.authority}{path}", target, seen.append)
    return seen
