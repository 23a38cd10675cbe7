"""Content-addressed bytes in a folder, or in any store that speaks S3."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from adapters.object_store.folder import LocalObjectStore
from adapters.object_store.s3 import S3ObjectStore
from adapters.settings import Settings
from schemas.errors import SettingsInvalid

__all__ = ["LocalObjectStore", "S3ObjectStore", "Store", "open_object_store"]


class Store(Protocol):
    """What both give; see `ObjectStore` in `activities/ports.py`."""

    async def put(self, key: str, path: Path) -> None: ...

    async def fetch(self, key: str, target: Path) -> None: ...

    async def read(self, key: str, start: int, length: int) -> bytes: ...

    async def size(self, key: str) -> int | None: ...

    async def write(self, key: str, content: bytes) -> None:
        """Store a piece of a file, durably, before returning."""

    async def pour(self, key: str, blocks: AsyncIterator[bytes]) -> None:
        """Store what comes, durably, before returning; one block at a time is in memory."""

    async def remove(self, key: str) -> None:
        """Remove what lies under exactly this key; where there is nothing, that is well too."""

    async def remove_below(self, prefix: str) -> None:
        """Remove all whose key goes on after `prefix/`; where there is nothing, that is well too.

        For prefixes that we made ourselves: a sender's key could name the folder of everything that a creator has.
        """

    async def sign(self, key: str, seconds: int) -> str | None:
        """An address that anybody may read the key's bytes at for so long; None: this store has no addresses."""


def open_object_store(settings: Settings) -> Store:
    """The store that `MENTORA_OBJECT_STORE_URL` names. Raises: SettingsInvalid."""
    url = urlsplit(settings.object_store_url)
    if not settings.object_store_url:
        return LocalObjectStore(settings.home_path / "objects")
    if url.scheme == "file" and not url.netloc and url.path.startswith("/"):
        return LocalObjectStore(Path(unquote(url.path)))
    if url.scheme == "s3" and url.netloc:
        return S3ObjectStore(
            url.netloc,
            url.path.strip("/"),
            settings.s3_endpoint,
            settings.s3_region,
            settings.s3_access_key_id.get_secret_value(),
            settings.s3_secret_access_key.get_secret_value(),
        )
    raise SettingsInvalid("MENTORA_OBJECT_STORE_URL: write file:///folder or s3://bucket/prefix")
