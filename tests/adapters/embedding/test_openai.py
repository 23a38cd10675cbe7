"""OpenAI's embeddings: bound by their index, checked and made unit vectors, or not kept at all."""

import math
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import SecretStr

from adapters.embedding.openai import MAX_BATCH_BYTES, MAX_BATCH_TEXTS, OpenAIEmbedder, batches
from schemas.errors import ProviderAnswerInvalid, ProviderUnavailable, SettingsInvalid
from tests.providers import FakeProvider, invention
from tests.providers import behaviours as b
from tests.providers.faults import FAULTS, SLOW_FAULTS, Fault, assert_becomes

KEY = SecretStr("sk-secret")
TEXTS = ("Energy is conserved.", "Momentum is conserved.", "A river flows.")


@pytest.fixture(scope="module")
async def embedder(vendors: FakeProvider) -> AsyncIterator[OpenAIEmbedder]:
    embedder = OpenAIEmbedder(KEY, vendors.openai_url, timeout_seconds=30)
    yield embedder
    await embedder.close()


def assert_are_those_of(texts: Sequence[str], vectors: Sequence[Sequence[float]]) -> None:
    assert len(vectors) == len(texts)
    for text, vector in zip(texts, vectors, strict=True):
        assert vector == pytest.approx(invention.embedding(text, len(vector)), abs=1e-9)
        assert math.hypot(*vector) == pytest.approx(1, abs=1e-9)


async def test_each_text_gets_its_unit_vector_in_one_request(embedder: OpenAIEmbedder, provider: FakeProvider) -> None:
    answer = await embedder.embed(TEXTS)
    assert_are_those_of(TEXTS, answer.vectors)
    assert embedder.dimensions == 1536
    assert answer.usage.input_tokens == provider.ledger.total.input_tokens == 13
    (request,) = provider.requests
    assert request.json() == {"input": list(TEXTS), "model": "text-embedding-3-small", "encoding_format": "float"}


async def test_no_texts_are_no_request(embedder: OpenAIEmbedder, provider: FakeProvider) -> None:
    assert (await embedder.embed([])).vectors == ()
    assert provider.requests == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_becomes_its_error_after_one_request(
    embedder: OpenAIEmbedder, provider: FakeProvider, fault: Fault
) -> None:
    await assert_becomes(fault, provider, lambda: embedder.embed(TEXTS), private="Energy")


@pytest.mark.parametrize("fault", SLOW_FAULTS, ids=str)
async def test_an_answer_that_does_not_come_in_time_is_given_up(provider: FakeProvider, fault: Fault) -> None:
    impatient = OpenAIEmbedder(KEY, provider.openai_url, timeout_seconds=0.5)
    await assert_becomes(fault, provider, lambda: impatient.embed(TEXTS))


@pytest.mark.parametrize(
    "behaviour",
    [b.FEWER_ITEMS, b.DOUBLED_ITEM, b.WRONG_DIMENSION, b.NOT_A_NUMBER, b.INFINITE, b.ALL_ZERO],
    ids=lambda behaviour: behaviour.name,
)
async def test_vectors_that_are_not_those_asked_for_are_not_kept(
    embedder: OpenAIEmbedder, provider: FakeProvider, behaviour: b.Behaviour
) -> None:
    await assert_becomes(Fault(behaviour, ProviderAnswerInvalid), provider, lambda: embedder.embed(TEXTS))


@pytest.mark.parametrize("behaviour", [b.REORDERED_ITEMS, b.UNNORMALISED], ids=lambda behaviour: behaviour.name)
async def test_order_and_length_of_the_answer_do_not_matter(
    embedder: OpenAIEmbedder, provider: FakeProvider, behaviour: b.Behaviour
) -> None:
    provider.misbehave(behaviour)
    assert_are_those_of(TEXTS, (await embedder.embed(TEXTS)).vectors)


async def test_many_texts_go_in_batches_and_come_back_in_order(
    embedder: OpenAIEmbedder, provider: FakeProvider
) -> None:
    texts = [f"chunk {number} " + "energy " * 20_000 for number in range(4)]
    answer = await embedder.embed(texts)
    assert_are_those_of(texts, answer.vectors)
    assert [len(request.json()["input"]) for request in provider.requests] == [2, 2]  # type: ignore[arg-type]


async def test_nothing_of_a_call_is_kept_when_its_second_batch_fails(
    embedder: OpenAIEmbedder, provider: FakeProvider
) -> None:
    provider.misbehave(b.RIGHT, b.STATUS_500)
    with pytest.raises(ProviderUnavailable):
        await embedder.embed([f"{number} " + "energy " * 30_000 for number in range(2)])
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    "texts", [["a"] * (2 * MAX_BATCH_TEXTS + 1), ["ü" * 40_000] * 9, ["x" * (MAX_BATCH_BYTES + 1), "y"], []]
)
def test_a_batch_never_passes_the_limits_and_no_text_is_lost(texts: list[str]) -> None:
    made = list(batches(texts))
    assert [text for batch in made for text in batch] == texts
    assert all(batch and len(batch) <= MAX_BATCH_TEXTS for batch in made)
    assert all(len(batch) == 1 or sum(len(text.encode()) for text in batch) <= MAX_BATCH_BYTES for batch in made)


async def test_the_large_model_is_asked_for_fewer_dimensions(provider: FakeProvider) -> None:
    embedder = OpenAIEmbedder(KEY, provider.openai_url, model="text-embedding-3-large", timeout_seconds=30)
    assert_are_those_of(TEXTS, (await embedder.embed(TEXTS)).vectors)
    assert embedder.dimensions == 1536
    assert provider.requests[0].json()["dimensions"] == 1536


def test_a_model_whose_dimensions_nobody_told_is_not_even_built() -> None:
    with pytest.raises(SettingsInvalid):
        OpenAIEmbedder(KEY, model="nomic-embed-text")
    assert OpenAIEmbedder(KEY, model="nomic-embed-text", dimensions=768).dimensions == 768
