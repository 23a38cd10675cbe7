"""`mentora doctor` on this machine, with and without a part."""

from pathlib import Path
from typing import Any

from adapters.settings import Settings
from starters.cli.checks import look
from tests.starters.cli.commands import Finished, mentora
from tests.surroundings import bare_environment


def _check(end: Finished, name: str) -> Any:
    return next(check for check in end.json["checks"] if check["name"] == name)


async def test_a_complete_machine_lacks_nothing(tmp_path: Path) -> None:
    end = await mentora(tmp_path, "doctor", "--json")
    assert end.status == 0
    assert end.json["fine"]
    assert "18." in _check(end, "PostgreSQL")["found"]
    assert not (tmp_path / ".mentora").exists()


async def test_a_missing_server_is_named_with_its_cure(tmp_path: Path) -> None:
    end = await mentora(tmp_path, "doctor", "--json", MENTORA_POSTGRES_BIN="/nowhere")
    assert end.status == 79
    assert not end.json["fine"]
    assert "MENTORA_POSTGRES_BIN names /nowhere" in _check(end, "PostgreSQL")["found"]
    assert "make setup" in _check(end, "PostgreSQL")["cure"]


async def test_a_person_reads_what_is_missing_in_the_last_line(tmp_path: Path) -> None:
    end = await mentora(tmp_path, "doctor", MENTORA_REDIS_BIN="/nowhere")
    assert end.status == 79
    assert end.out.splitlines()[-1] == "Needed and missing: Redis."


def test_a_program_is_not_needed_where_a_real_server_is_given() -> None:
    environment = bare_environment() | {"MENTORA_TEMPORAL_BIN": "/nowhere", "TEMPORAL_ADDRESS": "elsewhere:7233"}
    temporal = next(check for check in look(Settings.model_construct(), environment) if check.name == "Temporal")
    assert not temporal.fine
    assert not temporal.needed


def test_a_provider_without_its_key_is_missing() -> None:
    settings = Settings.model_construct(quiz_provider="openai")
    model = next(check for check in look(settings, bare_environment()) if check.name == "quiz model")
    assert not model.fine
    assert "MENTORA_OPENAI_API_KEY" in model.cure
