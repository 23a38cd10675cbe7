"""Settings choose the models; a key alone chooses nothing."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.models import open_chat_model, open_embedder, open_quiz_generator, open_transcriber
from adapters.settings import Settings
from schemas.errors import SettingsInvalid

KEYS = {"openai_api_key": SecretStr("key"), "anthropic_api_key": SecretStr("key")}


def test_keys_in_the_environment_alone_never_make_us_spend(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, **KEYS})
    opened = (
        open_transcriber(settings),
        open_embedder(settings),
        open_quiz_generator(settings),
        open_chat_model(settings),
    )
    assert {model.provider for model in opened} == {"local"}


def test_settings_choose_provider_and_model(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"home": tmp_path, "speech_provider": "openai", "embedding_provider": "openai", "quiz_provider": "anthropic"}
        | {"embedding_model": "text-embedding-3-large", "quiz_model": "claude-x"}
        | KEYS
    )
    assert open_transcriber(settings).provider == "openai"
    assert open_embedder(settings).model == "text-embedding-3-large"
    assert (open_quiz_generator(settings).provider, open_quiz_generator(settings).model) == ("anthropic", "claude-x")
    chosen = settings.model_copy(update={"quiz_provider": "openai"})
    assert open_quiz_generator(chosen).provider == "openai"


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_settings_choose_who_answers_in_the_chat(tmp_path: Path, provider: str) -> None:
    settings = Settings.model_validate({"home": tmp_path, "chat_provider": provider, "chat_model": "small"} | KEYS)
    assert (open_chat_model(settings).provider, open_chat_model(settings).model) == (provider, "small")


@pytest.mark.parametrize("provider", ["speech", "embedding", "quiz", "chat"])
def test_a_vendor_without_a_key_is_refused_at_once(tmp_path: Path, provider: str) -> None:
    settings = Settings.model_validate({"home": tmp_path, f"{provider}_provider": "openai"})
    opened = {
        "speech": open_transcriber,
        "embedding": open_embedder,
        "quiz": open_quiz_generator,
        "chat": open_chat_model,
    }[provider]
    with pytest.raises(SettingsInvalid, match="KEY"):
        opened(settings)


def test_another_model_of_the_local_provider_is_refused_and_not_ignored(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="MENTORA_SPEECH_MODEL"):
        open_transcriber(Settings(home=tmp_path, speech_model="whisper-large"))
    assert open_transcriber(Settings(home=tmp_path, speech_model="whisper-tiny.en")).provider == "local"
