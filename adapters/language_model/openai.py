"""Quizzes by OpenAI, or by any server that speaks its chat wire with structured outputs."""

import asyncio
from collections.abc import Sequence

from pydantic import Field, SecretStr

from adapters.language_model.prompt import MAX_ANSWER_TOKENS, Prompt, ProposedQuiz, quiz_prompt, quiz_schema
from adapters.openai_client import BASE_URL, TIMEOUT_SECONDS, openai_client
from adapters.provider_answers import Wire, read_answer, read_content
from adapters.provider_errors import Provider, translating
from schemas.errors import ProviderAnswerInvalid, ProviderDeclined
from schemas.quizzes import Drafts
from schemas.transcripts import Segment
from schemas.usage import Usage

DEFAULT_MODEL = "gpt-6-luna"  # the smallest of the newest family that SDK 3.54 names


class _Message(Wire):
    content: str | None = None
    refusal: str | None = None


class _Choice(Wire):
    finish_reason: str
    message: _Message


class _ChatUsage(Wire):
    prompt_tokens: int = 0
    completion_tokens: int = 0  # hidden reasoning included: it is billed


class _Completion(Wire):
    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _ChatUsage = _ChatUsage()


class OpenAIQuizGenerator:
    """Satisfies the port `QuizGenerator`."""

    provider: Provider = "openai"

    def __init__(
        self,
        api_key: SecretStr,
        base_url: str = BASE_URL,
        model: str = DEFAULT_MODEL,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.model = model
        self._timeout_seconds = timeout_seconds
        self._client = openai_client(api_key, base_url, timeout_seconds)

    async def propose(self, title: str, segments: Sequence[Segment], count: int) -> Drafts:
        """Up to `count` questions, unchecked, in one request.

        Raises: the provider errors; ProviderDeclined when the model or its filter will not speak of this lecture.
        """
        completion = await self._complete(quiz_prompt(title, segments, count))
        quiz = read_content(self.provider, _content(completion.choices[0]), ProposedQuiz)
        usage = completion.usage
        tokens = Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens)
        return Drafts(quiz.drafts(count), tokens)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _complete(self, prompt: Prompt) -> _Completion:
        with translating(self.provider):
            async with asyncio.timeout(self._timeout_seconds):
                raw = await self._client.chat.completions.with_raw_response.create(
                    model=self.model,
                    messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
                    max_completion_tokens=MAX_ANSWER_TOKENS,
                    response_format={
                        "type": "json_schema",
                        "json_schema": {"name": "quiz", "schema": quiz_schema(), "strict": True},
                    },
                )
        return read_answer(self.provider, raw.headers, raw.text, _Completion)


def _content(choice: _Choice) -> str:
    """What the model wrote, if it wrote to the end."""
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise ProviderDeclined("openai's model declined to write about this lecture")
    if choice.finish_reason != "stop":
        raise ProviderAnswerInvalid(f"openai's model broke off: {choice.finish_reason[:32]}")
    return choice.message.content or ""
