"""Creators with an upload in hand."""

import base64
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx2

from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True)
class Sender:
    """A creator with an upload in hand."""

    gateway: Gateway
    creator: UUID

    @property
    def headers(self) -> dict[str, str]:
        return self.gateway.creator(self.creator) | TUS

    async def create(self, length: int, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.gateway.client.post(
            "/api/videos/upload", headers=self.headers | {"Upload-Length": str(length)} | named
        )

    async def begun(self, length: int, **headers: str) -> str:
        answer = await self.create(length, **headers)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    async def patch(self, url: str, offset: int, body: bytes, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.gateway.client.patch(
            url, headers=self.headers | BYTES | {"Upload-Offset": str(offset)} | named, content=body
        )

    async def offset(self, url: str) -> int:
        answer = await self.gateway.client.head(url, headers=self.headers)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def stored(self) -> bytes:
        """The only whole file that this creator has."""
        (found,) = self.files("file*")
        return found.read_bytes()

    def files(self, pattern: str = "*") -> list[Path]:
        folder = self.gateway.settings.home_path / "objects" / str(self.creator)
        return [path for path in folder.rglob(pattern) if path.is_file()]


async def videos(database: FreshDatabase, creator: UUID) -> list[tuple[str, str | None, str]]:
    rows = await database.rows(
        """SELECT v.title, c.title AS course, v.object_key FROM videos v
           LEFT JOIN courses c ON c.creator_id = v.creator_id AND c.id = v.course_id WHERE v.creator_id = $1""",
        creator,
    )
    orders = await database.scalar("SELECT count(*) FROM outbox WHERE creator_id = $1", creator)
    assert orders == len(rows)
    return [tuple(row) for row in rows]


def in_base64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
