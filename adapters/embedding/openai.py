"""Embeddings by OpenAI, or by any server that speaks its embedding wire."""

import asyncio
import math
from collections.abc import Iterator, Sequence

from openai import Omit, omit
from pydantic import SecretStr

from adapters.openai_client import BASE_URL, TIMEOUT_SECONDS, openai_client
from adapters.provider_answers import Wire, read_answer
from adapters.provider_errors import Provider, translating
from schemas.chunks import Vectors
from schemas.errors import ProviderAnswerInvalid, SettingsInvalid
from schemas.usage import Usage

DEFAULT_MODEL = "text-embedding-3-small"
NATIVE_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
# pgvector's HNSW indexes a `vector` up to 2,000 dimensions; OpenAI shortens the large model's on request.
DEFAULT_DIMENSIONS = {**NATIVE_DIMENSIONS, "text-embedding-3-large": 1536}

MAX_BATCH_TEXTS = 2_048  # the provider's limit on one request
MAX_BATCH_BYTES = 300_000  # its limit is 300,000 tokens, and no token is shorter than a byte


class _Item(Wire):
    index: int
    embedding: tuple[float, ...]


class _EmbeddingUsage(Wire):
    prompt_tokens: int = 0


class _Embedded(Wire):
    data: tuple[_Item, ...]
    usage: _EmbeddingUsage = _EmbeddingUsage()


class OpenAIEmbedder:
    """Satisfies the port `Embedder`."""

    provider: Provider = "openai"

    def __init__(
        self,
        api_key: SecretStr,
        base_url: str = BASE_URL,
        model: str = DEFAULT_MODEL,
        timeout_seconds: float = TIMEOUT_SECONDS,
        dimensions: int | None = None,
    ) -> None:
        """`dimensions` may be left out for OpenAI's own models. Raises: SettingsInvalid."""
        wanted = dimensions or DEFAULT_DIMENSIONS.get(model)
        if wanted is None:
            raise SettingsInvalid(f"nothing says how many dimensions the embedding model {model} has")
        self.model = model
        self.dimensions = wanted
        self._timeout_seconds = timeout_seconds
        self._client = openai_client(api_key, base_url, timeout_seconds)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the texts' order: one request up to 300,000 bytes of text, then one more for each such batch.

        Raises: the provider errors; nothing of a call is kept when one of its batches fails.
        """
        vectors: list[tuple[float, ...]] = []
        tokens = 0
        for batch in batches(texts):
            answer = await self._request(batch)
            vectors.extend(self._in_order(answer.data, len(batch)))
            tokens += answer.usage.prompt_tokens
        return Vectors(tuple(vectors), Usage(input_tokens=tokens))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _request(self, batch: list[str]) -> _Embedded:
        with translating(self.provider):
            async with asyncio.timeout(self._timeout_seconds):
                raw = await self._client.embeddings.with_raw_response.create(
                    input=batch,
                    model=self.model,
                    encoding_format="float",  # the SDK's own default, base64, is not spoken by every compatible server
                    dimensions=self._shortened(),
                )
        return read_answer(self.provider, raw.headers, raw.text, _Embedded)

    def _shortened(self) -> int | Omit:
        """Sent only where it changes something: older models and other servers refuse the field."""
        native = NATIVE_DIMENSIONS.get(self.model)
        return omit if native in {None, self.dimensions} else self.dimensions

    def _in_order(self, items: Sequence[_Item], expected: int) -> list[tuple[float, ...]]:
        """The vectors by the index that each carries, never by its place in the answer."""
        by_index = sorted(items, key=lambda item: item.index)
        if [item.index for item in by_index] != list(range(expected)):
            raise ProviderAnswerInvalid(f"openai gave {len(items)} embeddings that are not those of {expected} texts")
        return [self._unit(item.embedding) for item in by_index]

    def _unit(self, vector: tuple[float, ...]) -> tuple[float, ...]:
        if len(vector) != self.dimensions:
            raise ProviderAnswerInvalid(f"openai gave {len(vector)} dimensions instead of {self.dimensions}")
        length = math.hypot(*vector)
        if not 0 < length < math.inf:
            raise ProviderAnswerInvalid("openai gave an embedding without a direction")
        return tuple(value / length for value in vector)


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, in batches that one request takes; a text above the limit goes alone, to be refused."""
    batch: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode())
        if batch and (len(batch) == MAX_BATCH_TEXTS or size + length > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch
