"""The models that settings choose. A key in the environment alone chooses nothing, so it never makes us spend.

Imports stand inside the functions: a process pays for the one model it uses, and for no other's SDK.
"""

from typing import TYPE_CHECKING

from adapters.settings import Settings

if TYPE_CHECKING:
    from adapters.embedding.minilm import MiniLmEmbedder
    from adapters.embedding.openai import OpenAIEmbedder
    from adapters.language_model.anthropic import AnthropicQuizGenerator
    from adapters.language_model.extractive import ExtractiveQuizGenerator
    from adapters.language_model.openai import OpenAIQuizGenerator
    from adapters.speech.openai import OpenAITranscriber
    from adapters.speech.whisper import WhisperTranscriber


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

    return WhisperTranscriber()


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

    return MiniLmEmbedder(settings.home_path / "models")


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

    return ExtractiveQuizGenerator(MiniLmEmbedder(settings.home_path / "models"))
