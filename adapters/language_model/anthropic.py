"""Quizzes by Anthropic."""

import asyncio
from collections.abc import Sequence

from pydantic import SecretStr

from adapters.anthropic_client import BASE_URL, TIMEOUT_SECONDS, anthropic_client
from adapters.language_model.prompt import MAX_ANSWER_TOKENS, Prompt, ProposedQuiz, quiz_prompt, quiz_schema
from adapters.provider_answers import Wire, read_answer, read_content
from adapters.provider_errors import Provider, translating
from schemas.errors import ProviderAnswerInvalid, ProviderDeclined, ProviderRefused
from schemas.quizzes import Drafts
from schemas.transcripts import Segment
from schemas.usage import Usage

DEFAULT_MODEL = "claude-haiku-5-5"  # the newest of the small family that SDK 2.12 names


class _Block(Wire):
    type: str
    text: str = ""


class _MessageUsage(Wire):
    input_tokens: int = 0
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int = 0

    def total(self) -> Usage:
        """Tokens in are the sum of three counts: those read from or written to a cache are counted apart."""
        cached = (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)
        return Usage(input_tokens=self.input_tokens + cached, output_tokens=self.output_tokens)


class _Message(Wire):
    content: tuple[_Block, ...]
    stop_reason: str
    usage: _MessageUsage = _MessageUsage()

    def text(self) -> str:
        """What the model wrote, without what it thought."""
        return "".join(block.text for block in self.content if block.type == "text")


class AnthropicQuizGenerator:
    """Satisfies the port `QuizGenerator`."""

    provider: Provider = "anthropic"

    def __init__(
        self,
        api_key: SecretStr,
        base_url: str = BASE_URL,
        model: str = DEFAULT_MODEL,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.model = model
        self._timeout_seconds = timeout_seconds
        self._client = anthropic_client(api_key, base_url, timeout_seconds)

    async def propose(self, title: str, segments: Sequence[Segment], count: int) -> Drafts:
        """Up to `count` questions, unchecked, in one request.

        Raises: the provider errors; ProviderDeclined when the model will not speak of this lecture.
        """
        message = await self._create(quiz_prompt(title, segments, count))
        quiz = read_content(self.provider, _content(message), ProposedQuiz)
        return Drafts(quiz.drafts(count), message.usage.total())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _create(self, prompt: Prompt) -> _Message:
        with translating(self.provider):
            async with asyncio.timeout(self._timeout_seconds):
                raw = await self._client.messages.with_raw_response.create(
                    model=self.model,
                    max_tokens=MAX_ANSWER_TOKENS,
                    system=prompt.system,
                    messages=[{"role": "user", "content": prompt.user}],
                    output_config={"format": {"type": "json_schema", "schema": quiz_schema()}},
                )
                text = await raw.text()
        return read_answer(self.provider, raw.headers, text, _Message)


def _content(message: _Message) -> str:
    """What the model wrote, if it wrote to the end."""
    if message.stop_reason == "refusal":
        raise ProviderDeclined("anthropic's model declined to write about this lecture")
    if message.stop_reason == "model_context_window_exceeded":
        raise ProviderRefused("the lecture is longer than the context window of anthropic's model")
    if message.stop_reason not in {"end_turn", "stop_sequence"}:
        raise ProviderAnswerInvalid(f"anthropic's model broke off: {message.stop_reason[:32]}")
    return message.text()
