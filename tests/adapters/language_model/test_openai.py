"""OpenAI's quizzes: structured, complete and unchecked, or a typed error."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.language_model.openai import OpenAIQuizGenerator
from adapters.language_model.prompt import quiz_schema
from schemas.errors import ProviderAnswerInvalid, ProviderDeclined
from schemas.quizzes import QuestionKind
from schemas.transcripts import Segment
from tests.providers import FakeProvider
from tests.providers import behaviours as b
from tests.providers.faults import FAULTS, SLOW_FAULTS, Fault, assert_becomes

KEY = SecretStr("sk-secret")
SENTENCES = ("Energy is conserved in every process.", "Momentum survives collision.", "Charge is never created alone.")
LECTURE = [Segment(start=10 * i, end=10 * i + 9, text=text) for i, text in enumerate(SENTENCES)]
FILTERED = b.Behaviour(
    "filtered", change=lambda a: a | {"choices": [a["choices"][0] | {"finish_reason": "content_filter"}]}
)
NO_CHOICES = b.Behaviour("no_choices", change=lambda answer: answer | {"choices": []})
TOOL_CALL = b.Behaviour(
    "tool_call", change=lambda a: a | {"choices": [a["choices"][0] | {"finish_reason": "tool_calls"}]}
)


@pytest.fixture(scope="module")
async def generator(vendors: FakeProvider) -> AsyncIterator[OpenAIQuizGenerator]:
    generator = OpenAIQuizGenerator(KEY, vendors.openai_url, timeout_seconds=30)
    yield generator
    await generator.close()


async def test_a_lecture_becomes_drafts_that_quote_it(generator: OpenAIQuizGenerator, provider: FakeProvider) -> None:
    drafts = await generator.propose("Physics", LECTURE, 2)
    assert [draft.quotation for draft in drafts.questions] == [SENTENCES[0], SENTENCES[2]]
    for draft in drafts.questions:
        assert draft.kind is QuestionKind.CLOZE
        assert len(set(draft.options)) == 4
        assert draft.options[draft.answer_index] in draft.quotation.lower()
    bill = provider.ledger.total
    assert (drafts.usage.input_tokens, drafts.usage.output_tokens) == (bill.input_tokens, bill.output_tokens)


async def test_the_one_request_asks_for_a_strict_schema(generator: OpenAIQuizGenerator, provider: FakeProvider) -> None:
    await generator.propose("Physics", LECTURE, 2)
    (request,) = provider.requests
    asked: dict[str, Any] = request.json()
    assert asked["model"] == generator.model == "gpt-6-luna"
    assert asked["response_format"]["json_schema"] == {"name": "quiz", "schema": quiz_schema(), "strict": True}
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["max_completion_tokens"] == 16_000


async def test_more_questions_than_asked_for_are_not_taken(
    generator: OpenAIQuizGenerator, provider: FakeProvider
) -> None:
    right = b.Behaviour("generous", change=lambda answer: b.with_content(answer, generous))
    question = '{"kind":"cloze","stem":"?","options":[],"answer_index":9,"explanation":"","quotation":""}'
    generous = f'{{"questions": [{",".join([question] * 1_000)}]}}'
    provider.misbehave(right)
    assert len((await generator.propose("Physics", LECTURE, 2)).questions) == 2


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_becomes_its_error_after_one_request(
    generator: OpenAIQuizGenerator, provider: FakeProvider, fault: Fault
) -> None:
    await assert_becomes(fault, provider, lambda: generator.propose("Physics", LECTURE, 2), private="Energy")


@pytest.mark.parametrize("fault", SLOW_FAULTS, ids=str)
async def test_an_answer_that_does_not_come_in_time_is_given_up(provider: FakeProvider, fault: Fault) -> None:
    impatient = OpenAIQuizGenerator(KEY, provider.openai_url, timeout_seconds=0.5)
    await assert_becomes(fault, provider, lambda: impatient.propose("Physics", LECTURE, 2))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(b.REFUSAL, ProviderDeclined),
        Fault(FILTERED, ProviderDeclined),
        Fault(b.CUT_AT_MAX_TOKENS, ProviderAnswerInvalid),
        Fault(b.MALFORMED_CONTENT, ProviderAnswerInvalid),
        Fault(b.WRONG_CONTENT_SHAPE, ProviderAnswerInvalid),
        Fault(b.NO_CONTENT, ProviderAnswerInvalid),
        Fault(NO_CHOICES, ProviderAnswerInvalid),
        Fault(TOOL_CALL, ProviderAnswerInvalid),
    ],
    ids=str,
)
async def test_a_model_that_does_not_write_the_quiz_gives_no_drafts(
    generator: OpenAIQuizGenerator, provider: FakeProvider, fault: Fault
) -> None:
    await assert_becomes(fault, provider, lambda: generator.propose("Physics", LECTURE, 2), private="Energy")
