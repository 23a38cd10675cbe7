"""Vectors that were paid for once: by model and text, without expiry, evicted by least use."""

from array import array
from collections.abc import Mapping, Sequence

from adapters.redis.connection import RedisConnection
from schemas.chunks import Vector
from schemas.ids import text_sha256


class RedisEmbeddingCache:
    """Satisfies the port `EmbeddingCache`. With no address, or no server behind it, nothing is remembered.

    A vector is four bytes a float, which is what the models give. `hits` and `misses` count texts.
    """

    def __init__(self, url: str) -> None:
        self._connection = RedisConnection(url)
        self.hits = 0
        self.misses = 0

    async def get(self, model: str, texts: Sequence[str]) -> list[Vector | None]:
        """The vectors that are remembered, in the texts' order."""
        keys = [_key(model, text) for text in texts]
        stored = await self._connection.ask("MGET", *keys) if keys else []
        vectors = [_floats(blob) for blob in stored or [None] * len(keys)]
        found = sum(vector is not None for vector in vectors)
        self.hits += found
        self.misses += len(keys) - found
        return vectors

    async def put(self, model: str, vectors: Mapping[str, Vector]) -> None:
        """Remember these, if possible."""
        words: list[str | bytes] = []
        for text, vector in vectors.items():
            words += [_key(model, text), array("f", vector).tobytes()]
        if words:
            await self._connection.ask("MSET", *words)

    async def close(self) -> None:
        """Give the connections back."""
        await self._connection.close()


def _key(model: str, text: str) -> str:
    # Not by creator: the same words have the same vector for everybody, and a hash tells nobody what they were.
    return f"embedding:{model}:{text_sha256(text)}"


def _floats(blob: object) -> Vector | None:
    if not isinstance(blob, bytes) or not blob or len(blob) % 4:
        return None  # forgotten, or not one of ours
    floats = array("f")
    floats.frombytes(blob)
    return floats  # not a tuple: numpy reads 30 of these in 13 us, and 30 tuples in 360
