"""Chat by OpenAI, or by any server that speaks its chat wire with streams."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from openai.types.chat import ChatCompletionMessageParam
from pydantic import SecretStr

from adapters.chat.prompt import MAX_ANSWER_TOKENS, ChatPrompt, chat_prompt
from adapters.openai_client import BASE_URL, TIMEOUT_SECONDS, openai_client
from adapters.provider_answers import Wire, read_event
from adapters.provider_errors import Provider, translating
from schemas.chats import ChatRequest
from schemas.errors import ProviderAnswerInvalid, ProviderDeclined
from schemas.usage import Usage

DEFAULT_MODEL = "gpt-6-luna"  # that of quizzes


class _Delta(Wire):
    content: str | None = None
    refusal: str | None = None


class _Choice(Wire):
    delta: _Delta
    finish_reason: str | None = None


class _ChatUsage(Wire):
    prompt_tokens: int = 0
    completion_tokens: int = 0  # hidden reasoning included: it is billed


class _Chunk(Wire):
    choices: tuple[_Choice, ...] = ()
    usage: _ChatUsage | None = None


class OpenAIChat:
    """Satisfies the port `ChatModel`."""

    provider: Provider = "openai"

    def __init__(
        self,
        api_key: SecretStr,
        base_url: str = BASE_URL,
        model: str = DEFAULT_MODEL,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.model = model
        self._client = openai_client(api_key, base_url, timeout_seconds)

    async def answer(self, request: ChatRequest) -> AsyncGenerator[str | Usage, None]:
        """One request. The provider says the tokens at the end only: until then those of the prompt are estimated.

        Raises: the provider errors; ProviderDeclined when it will not answer; ProviderAnswerInvalid where it broke off.
        """
        prompt = chat_prompt(request)
        yield Usage(input_tokens=prompt.characters // 4)
        end: str | None = None
        async with aclosing(self._chunks(prompt)) as chunks:
            async for chunk in chunks:
                if chunk.usage is not None:
                    yield Usage(input_tokens=chunk.usage.prompt_tokens, output_tokens=chunk.usage.completion_tokens)
                for choice in chunk.choices:
                    if choice.delta.refusal:
                        raise ProviderDeclined("openai's model declined to answer")
                    if choice.delta.content:
                        yield choice.delta.content
                    end = choice.finish_reason or end
        _require_end(end)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _chunks(self, prompt: ChatPrompt) -> AsyncGenerator[_Chunk, None]:
        said: list[ChatCompletionMessageParam] = [
            {"role": "user", "content": m["content"]}
            if m["role"] == "user"
            else {"role": "assistant", "content": m["content"]}
            for m in prompt.messages
        ]
        with translating(self.provider):
            stream = await self._client.chat.completions.create(
                model=self.model,
                messages=[{"role": "system", "content": prompt.system}, *said],
                max_completion_tokens=MAX_ANSWER_TOKENS,
                stream=True,
                stream_options={"include_usage": True},
            )
            async with stream:
                async for chunk in stream:
                    yield read_event(self.provider, chunk, _Chunk)


def _require_end(end: str | None) -> None:
    if end == "content_filter":
        raise ProviderDeclined("openai's model declined to answer")
    if end != "stop":
        raise ProviderAnswerInvalid(f"openai's model broke off: {(end or 'without an end')[:32]}")
