"""Anthropic's quizzes: structured, complete and unchecked, or a typed error."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.language_model.anthropic import AnthropicQuizGenerator
from adapters.language_model.prompt import quiz_schema
from schemas.errors import ProviderAnswerInvalid, ProviderDeclined, ProviderRefused, SettingsInvalid
from schemas.transcripts import Segment
from tests.providers import FakeProvider
from tests.providers import behaviours as b
from tests.providers.faults import FAULTS, SLOW_FAULTS, Fault, assert_becomes

KEY = SecretStr("sk-ant-secret")
SENTENCES = ("Energy is conserved in every process.", "Momentum survives collision.", "Charge is never created alone.")
LECTURE = [Segment(start=10 * i, end=10 * i + 9, text=text) for i, text in enumerate(SENTENCES)]
TOO_LONG = b.Behaviour("too_long", change=lambda answer: answer | {"stop_reason": "model_context_window_exceeded"})
PAUSED = b.Behaviour("paused", change=lambda answer: answer | {"stop_reason": "pause_turn"})
THINKING = b.Behaviour(
    "thinking",
    change=lambda a: a | {"content": [{"type": "thinking", "text": "Hm.", "signature": "x"}, *a["content"]]},
)


@pytest.fixture(scope="module")
async def generator(vendors: FakeProvider) -> AsyncIterator[AnthropicQuizGenerator]:
    generator = AnthropicQuizGenerator(KEY, vendors.anthropic_url, timeout_seconds=30)
    yield generator
    await generator.close()


async def test_a_lecture_becomes_drafts_that_quote_it(
    generator: AnthropicQuizGenerator, provider: FakeProvider
) -> None:
    drafts = await generator.propose("Physics", LECTURE, 2)
    assert [draft.quotation for draft in drafts.questions] == [SENTENCES[0], SENTENCES[2]]
    bill = provider.ledger.total  # tokens read from and written to a cache included
    assert (drafts.usage.input_tokens, drafts.usage.output_tokens) == (bill.input_tokens, bill.output_tokens)


async def test_the_one_request_asks_for_the_schema(generator: AnthropicQuizGenerator, provider: FakeProvider) -> None:
    await generator.propose("Physics", LECTURE, 2)
    (request,) = provider.requests
    asked: dict[str, Any] = request.json()
    assert asked["model"] == generator.model == "claude-haiku-5-5"
    assert asked["output_config"] == {"format": {"type": "json_schema", "schema": quiz_schema()}}
    assert asked["max_tokens"] == 16_000
    assert "Energy" in asked["messages"][0]["content"]
    assert "Energy" not in asked["system"]


async def test_what_the_model_thinks_is_no_part_of_the_quiz(
    generator: AnthropicQuizGenerator, provider: FakeProvider
) -> None:
    provider.misbehave(THINKING)
    assert len((await generator.propose("Physics", LECTURE, 2)).questions) == 2


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_becomes_its_error_after_one_request(
    generator: AnthropicQuizGenerator, provider: FakeProvider, fault: Fault
) -> None:
    await assert_becomes(fault, provider, lambda: generator.propose("Physics", LECTURE, 2), private="Energy")


@pytest.mark.parametrize("fault", SLOW_FAULTS, ids=str)
async def test_an_answer_that_does_not_come_in_time_is_given_up(provider: FakeProvider, fault: Fault) -> None:
    impatient = AnthropicQuizGenerator(KEY, provider.anthropic_url, timeout_seconds=0.5)
    await assert_becomes(fault, provider, lambda: impatient.propose("Physics", LECTURE, 2))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(b.REFUSAL, ProviderDeclined),
        Fault(b.CUT_AT_MAX_TOKENS, ProviderAnswerInvalid),
        Fault(PAUSED, ProviderAnswerInvalid),
        Fault(TOO_LONG, ProviderRefused),
        Fault(b.MALFORMED_CONTENT, ProviderAnswerInvalid),
        Fault(b.WRONG_CONTENT_SHAPE, ProviderAnswerInvalid),
        Fault(b.NO_CONTENT, ProviderAnswerInvalid),
    ],
    ids=str,
)
async def test_a_model_that_does_not_write_the_quiz_gives_no_drafts(
    generator: AnthropicQuizGenerator, provider: FakeProvider, fault: Fault
) -> None:
    await assert_becomes(fault, provider, lambda: generator.propose("Physics", LECTURE, 2), private="Energy")


def test_without_a_key_it_is_not_even_built() -> None:
    with pytest.raises(SettingsInvalid, match="MENTORA_ANTHROPIC_API_KEY"):
        AnthropicQuizGenerator(SecretStr(""))
