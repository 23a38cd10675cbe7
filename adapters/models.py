"""The models that settings choose. A key in the environment alone chooses nothing, so it never makes us spend.

Imports stand inside the functions: a process pays for the one model it uses, and for no other's SDK.
"""

from typing import TYPE_CHECKING, TypeVar

from adapters.settings import Settings
from schemas.errors import SettingsInvalid

if TYPE_CHECKING:
    from adapters.chat.anthropic import AnthropicChat
    from adapters.chat.extractive import ExtractiveChat
    from adapters.chat.openai import OpenAIChat
    from adapters.embedding.minilm import MiniLmEmbedder
    from adapters.embedding.openai import OpenAIEmbedder
    from adapters.language_model.anthropic import AnthropicQuizGenerator
    from adapters.language_model.extractive import ExtractiveQuizGenerator
    from adapters.language_model.openai import OpenAIQuizGenerator
    from adapters.speech.openai import OpenAITranscriber
    from adapters.speech.whisper import WhisperTranscriber

Local = TypeVar("Local", "WhisperTranscriber", "MiniLmEmbedder", "ExtractiveQuizGenerator", "ExtractiveChat")


def _unless_another(asked: str, local: Local, setting: str) -> Local:
    """The local model, of which there is one: to ask for another and get this one would be a surprise."""
    if asked and asked != local.model:
        raise SettingsInvalid(f"MENTORA_{setting}_MODEL asks for {asked!r}, and the local provider has {local.model!r}")
    return local


def open_transcriber(settings: Settings) -> "OpenAITranscriber | WhisperTranscriber":
    """The speech model, not loaded yet. Raises: SettingsInvalid where its key is missing."""
    if settings.speech_provider == "openai":
        from adapters.speech.openai import DEFAULT_MODEL, OpenAITranscriber

        return OpenAITranscriber(
            settings.openai_api_key,
            settings.openai_base_url,
            settings.speech_model or DEFAULT_MODEL,
            settings.provider_timeout_seconds,
        )
    from adapters.speech.whisper import WhisperTranscriber

    return _unless_another(settings.speech_model, WhisperTranscriber(), "SPEECH")


def open_embedder(settings: Settings) -> "OpenAIEmbedder | MiniLmEmbedder":
    """The embedding model, not loaded yet. Raises: SettingsInvalid where its key is missing."""
    if settings.embedding_provider == "openai":
        from adapters.embedding.openai import DEFAULT_MODEL, OpenAIEmbedder

        return OpenAIEmbedder(
            settings.openai_api_key,
            settings.openai_base_url,
            settings.embedding_model or DEFAULT_MODEL,
            settings.provider_timeout_seconds,
        )
    from adapters.embedding.minilm import MiniLmEmbedder

    return _unless_another(settings.embedding_model, MiniLmEmbedder(settings.home_path / "models"), "EMBEDDING")


def open_quiz_generator(settings: Settings) -> "OpenAIQuizGenerator | AnthropicQuizGenerator | ExtractiveQuizGenerator":
    """The quiz generator, not loaded yet. Raises: SettingsInvalid where its key is missing."""
    if settings.quiz_provider == "openai":
        from adapters.language_model.openai import DEFAULT_MODEL, OpenAIQuizGenerator

        return OpenAIQuizGenerator(
            settings.openai_api_key,
            settings.openai_base_url,
            settings.quiz_model or DEFAULT_MODEL,
            settings.provider_timeout_seconds,
        )
    if settings.quiz_provider == "anthropic":
        from adapters.language_model import anthropic

        return anthropic.AnthropicQuizGenerator(
            settings.anthropic_api_key,
            settings.anthropic_base_url,
            settings.quiz_model or anthropic.DEFAULT_MODEL,
            settings.provider_timeout_seconds,
        )
    from adapters.embedding.minilm import MiniLmEmbedder
    from adapters.language_model.extractive import ExtractiveQuizGenerator

    return _unless_another(
        settings.quiz_model, ExtractiveQuizGenerator(MiniLmEmbedder(settings.home_path / "models")), "QUIZ"
    )


def open_chat_model(settings: Settings) -> "OpenAIChat | AnthropicChat | ExtractiveChat":
    """The chat model. Raises: SettingsInvalid where its key is missing."""
    if settings.chat_provider == "openai":
        from adapters.chat import openai

        return openai.OpenAIChat(
            settings.openai_api_key,
            settings.openai_base_url,
            settings.chat_model or openai.DEFAULT_MODEL,
            settings.provider_timeout_seconds,
        )
    if settings.chat_provider == "anthropic":
        from adapters.chat import anthropic

        return anthropic.AnthropicChat(
            settings.anthropic_api_key,
            settings.anthropic_base_url,
            settings.chat_model or anthropic.DEFAULT_MODEL,
            settings.provider_timeout_seconds,
        )
    from adapters.chat.extractive import ExtractiveChat

    return _unless_another(settings.chat_model, ExtractiveChat(), "CHAT")
