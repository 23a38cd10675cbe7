"""Chat by Anthropic."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from anthropic.types import MessageParam
from pydantic import SecretStr

from adapters.anthropic_client import BASE_URL, TIMEOUT_SECONDS, anthropic_client
from adapters.chat.prompt import MAX_ANSWER_TOKENS, ChatPrompt, chat_prompt
from adapters.provider_answers import Wire, read_event
from adapters.provider_errors import Provider, translating
from schemas.chats import ChatRequest
from schemas.errors import ProviderAnswerInvalid, ProviderDeclined
from schemas.usage import Usage

DEFAULT_MODEL = "claude-haiku-5-5"  # that of quizzes


class _Usage(Wire):
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def read(self) -> int:
        """Tokens in are the sum of three counts: those read from or written to a cache are counted apart."""
        return (self.input_tokens or 0) + (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)


class _Message(Wire):
    usage: _Usage = _Usage()


class _Delta(Wire):
    text: str | None = None
    stop_reason: str | None = None


class _Event(Wire):
    """Any event of the stream: a message starts, a block grows, the message's end is told."""

    type: str
    message: _Message = _Message()
    delta: _Delta = _Delta()
    usage: _Usage = _Usage()


class AnthropicChat:
    """Satisfies the port `ChatModel`."""

    provider: Provider = "anthropic"

    def __init__(
        self,
        api_key: SecretStr,
        base_url: str = BASE_URL,
        model: str = DEFAULT_MODEL,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.model = model
        self._client = anthropic_client(api_key, base_url, timeout_seconds)

    async def answer(self, request: ChatRequest) -> AsyncGenerator[str | Usage, None]:
        """One request. The tokens in are told at its beginning, those out at its end.

        Raises: the provider errors; ProviderDeclined when it will not answer; ProviderAnswerInvalid where it broke off.
        """
        end: str | None = None
        read = 0
        async with aclosing(self._events(chat_prompt(request))) as events:
            async for event in events:
                if event.type == "message_start":
                    read = event.message.usage.read
                    yield Usage(input_tokens=read)
                elif event.type == "content_block_delta" and event.delta.text:
                    yield event.delta.text
                elif event.type == "message_delta":
                    end = event.delta.stop_reason
                    yield Usage(input_tokens=read, output_tokens=event.usage.output_tokens or 0)
        _require_end(end)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _events(self, prompt: ChatPrompt) -> AsyncGenerator[_Event, None]:
        said: list[MessageParam] = [
            {"role": "user", "content": m["content"]}
            if m["role"] == "user"
            else {"role": "assistant", "content": m["content"]}
            for m in prompt.messages
        ]
        with translating(self.provider):
            stream = await self._client.messages.create(
                model=self.model,
                max_tokens=MAX_ANSWER_TOKENS,
                system=prompt.system,
                messages=said,
                stream=True,
            )
            async with stream:
                async for event in stream:
                    yield read_event(self.provider, event, _Event)


def _require_end(end: str | None) -> None:
    if end == "refusal":
        raise ProviderDeclined("anthropic's model declined to answer")
    if end not in {"end_turn", "stop_sequence"}:
        raise ProviderAnswerInvalid(f"anthropic's model broke off: {(end or 'without an end')[:32]}")
