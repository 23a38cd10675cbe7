"""`.env.example` is the settings: every one, with its default, and a line that explains it."""

import os
import re
from pathlib import Path

import pytest
import temporalio.bridge

from adapters.settings import Settings
from starters.migrate import passwords
from tests.docs.compose import COMPOSE_VARIABLES
from tests.docs.pages import ROOT
from tests.surroundings import bare_environment

EXAMPLE = ROOT / ".env.example"
_LINES = EXAMPLE.read_text().splitlines()
_SET = [line.partition("=")[0] for line in _LINES if re.match(r"[A-Z0-9_]+=", line)]
COMMENTED = {match[1] for line in _LINES if (match := re.match(r"# ([A-Z_0-9]+)=", line))}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(bare_environment()):
        monkeypatch.delenv(name)


def test_it_lists_exactly_the_settings_in_their_order() -> None:
    settings = [f"MENTORA_{name.upper()}" for name in Settings.model_fields]
    assert settings == _SET


def test_read_as_it_stands_it_changes_nothing() -> None:
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


def test_temporals_variables_are_the_ones_that_the_sdk_knows() -> None:
    core = next(Path(temporalio.bridge.__path__[0]).glob("*.so")).read_bytes()
    named = {name for name in COMMENTED if name.startswith("TEMPORAL_")} - set(COMPOSE_VARIABLES)
    assert named
    assert [name for name in named if name.encode() not in core] == []


def test_addresses_of_the_two_roles_are_explained_as_the_migration_wants_them() -> None:
    settings = Settings.model_construct(
        postgres_url="postgresql://mentora_app:PASSWORD@host/mentora?sslmode=verify-full",
        postgres_relay_url="postgresql://mentora_relay:PASSWORD@host/mentora",
    )
    assert passwords(settings) == {"mentora_app": "PASSWORD", "mentora_relay": "PASSWORD"}
    assert "postgresql://mentora_app:PASSWORD@host/mentora" in EXAMPLE.read_text()
