"""Files and models in memory, keeping their ports' promises."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from schemas.chunks import Vector, Vectors
from schemas.errors import ObjectStoreUnavailable
from schemas.quizzes import DraftQuestion, Drafts
from schemas.transcripts import Segment, Transcription
from schemas.usage import Usage
from tests.providers.invention import embedding


class FakeObjectStore:
    """Bytes by key; a second write of a key changes nothing."""

    def __init__(self, contents: dict[str, bytes] | None = None) -> None:
        self.contents = dict(contents or {})

    async def put(self, key: str, path: Path) -> None:
        self.contents.setdefault(key, path.read_bytes())

    async def fetch(self, key: str, target: Path) -> None:
        target.write_bytes(self._bytes(key))

    async def read(self, key: str, start: int, length: int) -> bytes:
        piece = self._bytes(key)[start : start + length]
        if len(piece) != length:
            raise ObjectStoreUnavailable(f"{key} ends before byte {start + length}")
        return piece

    async def size(self, key: str) -> int | None:
        return len(self.contents[key]) if key in self.contents else None

    async def remove(self, key: str) -> None:
        self.contents.pop(key, None)

    async def remove_below(self, prefix: str) -> None:
        for key in [key for key in self.contents if key.startswith(f"{prefix}/")]:
            del self.contents[key]

    def _bytes(self, key: str) -> bytes:
        if key not in self.contents:
            raise ObjectStoreUnavailable(f"there is no {key}")
        return self.contents[key]


class FakeTranscriber:
    """Hears the same segments in any audio; `heard` has the audio of every call."""

    provider = "fake"
    model = "fake-speech"

    def __init__(self, *segments: Segment, language: str = "en") -> None:
        self.heard: list[bytes] = []
        self._segments = segments
        self._language = language

    @property
    def calls(self) -> int:
        return len(self.heard)

    async def transcribe(self, pcm: bytes) -> Transcription:
        self.heard.append(pcm)
        return Transcription(self._language, self._segments, Usage(audio_seconds=len(pcm) / 32_000))


class FakeEmbedder:
    """A unit vector per text, the same for the same text; `texts` has those of every call."""

    provider = "fake"
    model = "fake-embedding"

    def __init__(self, dimensions: int = 8) -> None:
        self.dimensions = dimensions
        self.texts: list[tuple[str, ...]] = []

    @property
    def calls(self) -> int:
        return len(self.texts)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts.append(tuple(texts))
        return Vectors(tuple(self._vector(text) for text in texts), Usage(input_tokens=sum(map(len, texts)) // 4))

    def _vector(self, text: str) -> tuple[float, ...]:
        numbers = [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[: self.dimensions]]
        length = math.hypot(*numbers)
        return tuple(number / length for number in numbers)


class FakeReadCache:
    """Remembers what it was told to forget."""

    def __init__(self) -> None:
        self.forgotten: list[tuple[UUID, str]] = []

    async def invalidate_tag(self, creator_id: UUID, *tags: str) -> None:
        self.forgotten += [(creator_id, tag) for tag in tags]


class WordEmbedder:
    """Texts that share words point in like directions; it says to be the local model, whose index the database has."""

    provider = "local"
    model = "all-MiniLM-L6-v2"
    dimensions = 384

    def __init__(self) -> None:
        self.texts: list[tuple[str, ...]] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts.append(tuple(texts))
        return Vectors(tuple(tuple(embedding(text, self.dimensions)) for text in texts), Usage())


class FakeEmbeddingCache:
    """Forgets nothing."""

    def __init__(self) -> None:
        self.vectors: dict[tuple[str, str], Vector] = {}

    async def get(self, model: str, texts: Sequence[str]) -> list[Vector | None]:
        return [self.vectors.get((model, text)) for text in texts]

    async def put(self, model: str, vectors: Mapping[str, Vector]) -> None:
        self.vectors.update({(model, text): vector for text, vector in vectors.items()})


class FakeQuizGenerator:
    """Proposes the same drafts about any text; `asked` has title and count of every call."""

    model = "fake-quiz"

    def __init__(self, *drafts: DraftQuestion, provider: str = "fake") -> None:
        self.provider = provider
        self.asked: list[tuple[str, int]] = []
        self._drafts = drafts

    @property
    def calls(self) -> int:
        return len(self.asked)

    async def propose(self, title: str, segments: Sequence[Segment], count: int) -> Drafts:
        self.asked.append((title, count))
        return Drafts(self._drafts, Usage(input_tokens=100, output_tokens=10))
