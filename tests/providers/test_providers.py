"""The fake vendors speak the vendors' wire, answer by what they are asked, and count what they would bill."""

import asyncio
import contextlib
import random
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from adapters.speech.openai import as_wav
from tests.providers import EMBEDDINGS, FakeProvider
from tests.providers import behaviours as b
from tests.providers.ledger import Bill
from tests.providers.schemas import complaint_about

LECTURE = "\n".join(
    f"[0:00:0{n}] {text}" for n, text in enumerate(["Energy survives every process.", "Matter is frozen light."])
)
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": f"{LECTURE}\nWrite 2 questions"}]}


@pytest.fixture(scope="module")
async def http(vendors: FakeProvider) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": "Bearer k", "anthropic-version": "2026-10-21"}
    async with httpx2.AsyncClient(base_url=vendors.anthropic_url, headers=headers, timeout=30) as client:
        yield client


def strict_openai(provider: FakeProvider) -> AsyncOpenAI:
    """OpenAI's SDK as it is by itself, but refusing every answer that misses a field."""
    return AsyncOpenAI(api_key="k", base_url=provider.openai_url, max_retries=0, _strict_response_validation=True)


async def test_openais_own_models_accept_every_answer(provider: FakeProvider) -> None:
    async with strict_openai(provider) as client:
        embeddings = await client.embeddings.create(model="text-embedding-3-small", input="x", encoding_format="float")
        chat = await client.chat.completions.create(**CHAT)
    assert len(embeddings.data[0].embedding) == 1536
    assert chat.choices[0].message.content


async def test_a_vector_is_the_same_in_base64(provider: FakeProvider) -> None:
    async with AsyncOpenAI(api_key="k", base_url=provider.openai_url, max_retries=0) as client:
        encoded = await client.embeddings.create(model="m", input="x")  # base64 is the SDK's default
        plain = await client.embeddings.create(model="m", input="x", encoding_format="float")
    assert encoded.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)


async def test_openais_own_model_accepts_a_verbose_transcription(provider: FakeProvider) -> None:
    speech = as_wav(random.Random(2).randbytes(64_000))
    async with strict_openai(provider) as client:
        answer = await client.audio.transcriptions.create(
            file=("x.wav", speech), model="whisper-1", response_format="verbose_json", timestamp_granularities=["word"]
        )
    assert answer.duration == 2
    assert [word.end - word.start for word in answer.words or []] == [0.5] * 4
    assert answer.segments is None


async def test_anthropics_own_model_accepts_a_message(provider: FakeProvider) -> None:
    async with AsyncAnthropic(
        api_key="k", base_url=provider.anthropic_url, max_retries=0, _strict_response_validation=True
    ) as client:
        message = await client.messages.create(max_tokens=9, **CHAT)
    assert message.content[0].type == "text"
    assert message.stop_reason == "end_turn"


async def test_the_same_question_has_the_same_answer(http: httpx2.AsyncClient) -> None:
    answers = [(await http.post("/v1/chat/completions", json=CHAT)).content for _ in range(2)]
    assert answers[0] == answers[1]


async def test_texts_that_share_words_point_in_like_directions(http: httpx2.AsyncClient) -> None:
    texts = ["energy is conserved", "energy is not conserved", "rivers flow"]
    answer = (await http.post(EMBEDDINGS, json={"model": "m", "input": texts})).json()
    first, near, far = (item["embedding"] for item in answer["data"])
    assert sum(map(float.__mul__, first, near)) > 0.7 > 0.2 > sum(map(float.__mul__, first, far))


async def test_the_bill_counts_work_whether_or_not_its_answer_arrives(
    http: httpx2.AsyncClient, provider: FakeProvider
) -> None:
    provider.misbehave(b.CONNECTION_RESET, b.rate_limited(1), b.MALFORMED_JSON)
    for _ in range(4):
        with contextlib.suppress(httpx2.TransportError):
            await http.post(EMBEDDINGS, json={"model": "m", "input": ["x" * 400]})
    await http.post(EMBEDDINGS, json={"model": "m", "input": ["y"]})
    assert provider.ledger.total == Bill(calls=4, input_tokens=301)
    assert provider.ledger.repeated_calls == 2
    assert len(provider.requests) == 5


async def test_a_behaviour_waits_for_a_request_that_it_fits(http: httpx2.AsyncClient, provider: FakeProvider) -> None:
    provider.misbehave(b.FEWER_ITEMS)
    provider.misbehave(b.STATUS_503, on="/v1/messages", times=2)
    assert (await http.post("/v1/chat/completions", json=CHAT)).status_code == 200
    assert (await http.post(EMBEDDINGS, json={"model": "m", "input": ["x"]})).json()["data"] == []
    assert [(await http.post("/v1/messages", json={**CHAT, "max_tokens": 9})).status_code for _ in range(2)] == [
        503,
        503,
    ]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (EMBEDDINGS, {"model": "m", "input": []}, 400),
        (EMBEDDINGS, {"model": "m", "input": ["x"] * 2_049}, 400),
        (EMBEDDINGS, {"model": "m", "input": ["x" * 1_300_000]}, 400),
        (EMBEDDINGS, {"model": "m"}, 400),
        (EMBEDDINGS, ["x"], 400),
        ("/v1/audio/transcriptions", {}, 400),
        ("/v1/messages", CHAT, 400),
        ("/v1/models", {}, 404),
    ],
)
async def test_a_request_that_the_vendor_refuses_is_refused_and_costs_nothing(
    http: httpx2.AsyncClient, provider: FakeProvider, path: str, body: object, status: int
) -> None:
    assert (await http.post(path, json=body)).status_code == status
    assert provider.ledger.total.calls == 0


@pytest.mark.parametrize("path", [EMBEDDINGS, "/v1/messages"])
async def test_nobody_is_served_without_a_key(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.post(path, json=CHAT, headers={"authorization": ""})).status_code == 401


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
        {"type": "array", "items": {"type": "integer", "maximum": 3}},
        {"$defs": {"A": {"type": "object"}}, "type": "array"},
    ],
)
def test_a_schema_that_a_vendor_refuses_is_complained_about(schema: dict[str, Any]) -> None:
    assert complaint_about(schema)


async def test_as_a_process_it_is_scripted_over_http_and_ends_on_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.providers", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    url = (await process.stdout.readline()).decode().strip().partition("=")[2]
    async with httpx2.AsyncClient(base_url=url, headers={"authorization": "Bearer k"}, timeout=30) as http:
        script = {"behaviours": ["rate_limited", "status_500"], "retry_after": 3, "on": EMBEDDINGS}
        assert (await http.post("/control/misbehave", json=script)).json() == {"planned": 2}
        assert (await http.post("/control/misbehave", json={"behaviours": ["tired"]})).status_code == 400
        answers = [await http.post(EMBEDDINGS, json={"model": "m", "input": ["x"]}) for _ in range(3)]
        ledger = (await http.get("/control/ledger")).json()
    assert [answer.status_code for answer in answers] == [429, 500, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert ledger["total"]["calls"] == 1
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
