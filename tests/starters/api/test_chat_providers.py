"""Chats whose answers a provider writes: asked once, told as it is, stored whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.callers import joined
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.fake_models import WordEmbedder
from tests.providers import CHAT, MESSAGES, FakeProvider
from tests.providers import behaviours as b
from tests.searchable import ICE, SEA, published, searchable
from tests.starters.api.conversation import heard, provided_gateway
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

GLACIER = "What is a glacier?"
ONE_DOCUMENT = {"question": GLACIER, "stream": False}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["openai", "anthropic"])
async def asked(
    request: pytest.FixtureRequest,
    servers: Servers,
    database: FreshDatabase,
    vendors: FakeProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Gateway]:
    folder = tmp_path_factory.mktemp(request.param)
    async with provided_gateway(servers, database, folder, vendors, request.param) as gateway:
        yield gateway


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def creator(database: FreshDatabase) -> UUID:
    creator = uuid4()
    await published(database, await searchable(database.app, WordEmbedder(), creator, ICE))
    await searchable(database.app, WordEmbedder(), creator, SEA)
    await joined(database, creator)
    return creator


async def _lines(database: FreshDatabase, message: str) -> list[Any]:
    sql = """SELECT attempt, operation, provider, input_tokens, output_tokens, settled_at IS NOT NULL AS settled
             FROM usage_ledger WHERE ask = 'chat/' || $1 ORDER BY attempt"""
    return await database.rows(sql, message)


async def test_the_providers_words_come_with_our_quotations_and_are_paid_for(
    asked: Gateway, provider: FakeProvider, database: FreshDatabase, creator: UUID
) -> None:
    answer = await heard(asked, asked.student(creator), question=GLACIER)
    assert answer.text == "They speak of A glacier is a [1]. And elsewhere too."  # [99] was not given
    assert [c["quotation"] for c in answer.all("citation")] == ["A glacier is a river of ice."]
    (done,) = answer.all("done")
    (line,) = await _lines(database, done["id"])
    bill = provider.ledger.total
    assert (line["operation"], line["provider"], line["settled"]) == ("chat", asked.settings.chat_provider, True)
    assert (line["input_tokens"], line["output_tokens"]) == (bill.input_tokens, bill.output_tokens)
    noted = await database.rows("SELECT kind, data FROM analytics_events WHERE id = $1", UUID(done["id"]))
    assert [row["kind"] for row in noted] == ["chat/question.answered"]


async def test_a_model_is_shown_nothing_that_the_asker_may_not_see(
    asked: Gateway, provider: FakeProvider, creator: UUID
) -> None:
    await heard(asked, asked.student(creator), question="What pulls the water?")
    assert b"glacier" in provider.requests[-1].body
    assert b"moon" not in provider.requests[-1].body
    await heard(asked, asked.creator(creator), question="What pulls the water?")
    assert b"moon" in provider.requests[-1].body


async def test_a_session_remembers_what_was_said_in_it(asked: Gateway, provider: FakeProvider, creator: UUID) -> None:
    who = asked.student(creator)
    session = (await heard(asked, who, question=GLACIER)).all("done")[0]["session_id"]
    provider.misbehave(b.REFUSAL)
    assert (await heard(asked, who, question="Say a bad word.", session_id=session)).names[-1] == "error"
    again = await heard(asked, who, question="And where does it end?", session_id=session)
    said = [m for m in _messages(provider) if m["role"] != "system"]
    assert [m["role"] for m in said] == ["user", "assistant", "user"]
    assert said[0]["content"] == GLACIER
    assert "bad word" not in str(said)  # what was not answered is not repeated to the model
    assert again.all("done")[0]["session_id"] == session


def _messages(provider: FakeProvider) -> list[dict[str, str]]:
    messages: Any = provider.requests[-1].json()["messages"]
    return list(messages)


async def test_the_same_key_again_gets_the_stored_answer_and_asks_nobody(
    asked: Gateway, provider: FakeProvider, creator: UUID
) -> None:
    who, key = asked.student(creator), uuid4().hex
    first = await heard(asked, who, key=key, question=GLACIER)
    again = await heard(asked, who, key=key, question=GLACIER)
    assert again.text == first.text
    assert again.all("done") == first.all("done")
    document = await asked.client.post("/api/chat", json=ONE_DOCUMENT, headers=who | {"Idempotency-Key": key})
    assert document.json() == first.all("done")[0]
    assert document.headers["idempotent-replayed"] == "true"
    assert len(provider.requests) == 1
    other = {"question": "Another?"}
    reused = await asked.client.post("/api/chat", json=other, headers=who | {"Idempotency-Key": key})
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    somebody_else = await heard(asked, asked.creator(creator), key=key, question=GLACIER)
    assert somebody_else.all("done")[0]["id"] != first.all("done")[0]["id"]


async def test_of_ten_at_once_with_one_key_one_is_answered(
    asked: Gateway, provider: FakeProvider, creator: UUID
) -> None:
    headers = asked.student(creator) | {"Idempotency-Key": uuid4().hex}
    answers = await asyncio.gather(
        *(asked.client.post("/api/chat", json=ONE_DOCUMENT, headers=headers) for _ in range(10))
    )
    assert len(provider.requests) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1
    for pending in (answer for answer in answers if answer.status_code == 409):
        assert pending.json()["code"] == "answer_pending"
        assert pending.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (b.rate_limited(7), 503, "rate_limited"),
        (b.STATUS_529, 503, "provider_unavailable"),
        (b.REFUSAL, 502, "provider_declined"),
        (b.UNAUTHORISED, 502, "provider_refused"),
        (b.TRUNCATED_BODY, 503, "provider_unavailable"),
        (b.CUT_AT_MAX_TOKENS, 502, "provider_answer_invalid"),
    ],
    ids=lambda value: str(getattr(value, "name", value)),
)
async def test_a_fault_is_told_stored_as_interrupted_and_can_be_asked_again(
    asked: Gateway, provider: FakeProvider, database: FreshDatabase, creator: UUID,
    behaviour: b.Behaviour, status: int, code: str,
) -> None:  # fmt: skip
    who, key = asked.student(creator), uuid4().hex
    provider.misbehave(behaviour, on=CHAT)
    provider.misbehave(behaviour, on=MESSAGES)
    streamed = await heard(asked, who, key=key, question=GLACIER)
    (problem,) = streamed.all("error")
    assert (streamed.names[-1], problem["status"], problem["code"]) == ("error", status, code)
    assert "secret" not in str(streamed.events)
    message = streamed.all("session")[0]["message_id"]
    stored = await database.rows("SELECT status, answer FROM chat_messages WHERE id = $1", UUID(message))
    assert [tuple(row) for row in stored] == [("interrupted", streamed.text)]
    provider.forget()
    provider.misbehave(behaviour, on=CHAT)
    provider.misbehave(behaviour, on=MESSAGES)
    whole = await asked.client.post("/api/chat", json=ONE_DOCUMENT, headers=who | {"Idempotency-Key": key})
    assert (whole.status_code, whole.json()["code"]) == (status, code)
    assert ("retry-after" in whole.headers) is (status == 503)
    provider.forget()
    good = await asked.client.post("/api/chat", json=ONE_DOCUMENT, headers=who | {"Idempotency-Key": key})
    assert (good.status_code, good.json()["id"], good.json()["status"]) == (200, message, "answered")
    lines = await _lines(database, message)
    assert [(line["attempt"], line["settled"]) for line in lines] == [(1, True), (2, True), (3, True)]


async def test_who_leaves_in_the_middle_leaves_an_interrupted_answer_and_nothing_running(
    asked: Gateway, provider: FakeProvider, database: FreshDatabase, creator: UUID
) -> None:
    provider.misbehave(b.STALLED)
    left = await heard(asked, asked.student(creator), leave_after=1, question=GLACIER)
    message = left.all("session")[0]["message_id"]
    sql = "SELECT status, answer FROM chat_messages WHERE id = $1"
    async with asyncio.timeout(5):
        while (row := (await database.rows(sql, UUID(message)))[0])["status"] == "answering":
            await asyncio.sleep(0.02)
    assert row["status"] == "interrupted"
    assert row["answer"].startswith(left.text)
    (line,) = await _lines(database, message)
    assert line["settled"]
    assert line["input_tokens"] > 100
    assert line["output_tokens"] >= len(left.text) // 4 > 0
    async with asyncio.timeout(5):
        while _running():
            await asyncio.sleep(0.02)


def _running() -> list[str]:
    named = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [name for name in named if name.startswith("EventStream")]


async def test_an_answer_that_a_dead_process_began_is_taken_over_after_a_while(
    asked: Gateway, provider: FakeProvider, database: FreshDatabase, creator: UUID
) -> None:
    who, key = asked.student(creator), uuid4().hex
    (done,) = (await heard(asked, who, key=key, question=GLACIER)).all("done")
    message, session = done["id"], done["session_id"]
    died = """UPDATE chat_messages SET status = 'answering', answered_at = NULL, asked_at = now() - $2 * interval '1 s'
              WHERE id = $1"""
    for seconds, status, shown, waits in (
        (30, 409, "answering", range(30, 35)),  # as long again
        (100, 409, "answering", range(15, 21)),  # what is left of the two minutes
        (180, 200, "interrupted", [0]),
    ):
        await database.scalar(died, UUID(message), seconds)
        read = await asked.client.get(f"/api/chat/sessions/{session}", headers=who)
        assert read.json()["items"][0]["status"] == shown
        answer = await asked.client.post("/api/chat", json=ONE_DOCUMENT, headers=who | {"Idempotency-Key": key})
        assert answer.status_code == status
        assert int(answer.headers.get("retry-after", 0)) in waits
    assert [line["attempt"] for line in await _lines(database, message)] == [1, 2]


@asynccontextmanager
async def _membership_ended(database: FreshDatabase, creator: UUID) -> AsyncIterator[None]:
    sql = "UPDATE memberships SET status = $2 WHERE creator_id = $1"
    await database.scalar(sql, creator, "cancelled")
    yield
    await database.scalar(sql, creator, "active")


async def test_after_the_membership_old_answers_stay_and_new_ones_do_not_come(
    asked: Gateway, provider: FakeProvider, database: FreshDatabase, creator: UUID
) -> None:
    who, key = asked.student(creator), uuid4().hex
    session = (await heard(asked, who, key=key, question=GLACIER)).all("done")[0]["session_id"]
    async with _membership_ended(database, creator):
        read = await asked.client.get(f"/api/chat/sessions/{session}", headers=who)
        assert (len(read.json()["items"]), read.json()["items"][0]["citations"]) == (1, [])
        repeated = await asked.client.post("/api/chat", json=ONE_DOCUMENT, headers=who | {"Idempotency-Key": key})
        assert repeated.status_code == 200
        asks = await asked.client.post("/api/chat", json={"question": "More?", "session_id": session}, headers=who)
        assert asks.status_code == 403
    assert len(provider.requests) == 1
