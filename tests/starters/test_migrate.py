"""`python -m starters.migrate`, as an operator runs it."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from adapters.postgres.migrations import load_migrations
from adapters.settings import Settings
from schemas.errors import DatabaseUnavailable, SettingsInvalid
from starters.migrate import passwords
from tests.conftest import Servers
from tests.databases import renamed
from tests.surroundings import bare_environment

CHECKOUT = Path(__file__).parents[2]


async def _migrate(folder: Path, *arguments: str, **variables: str) -> tuple[int, list[str], list[str]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "starters.migrate", *arguments),
        cwd=folder,
        env=bare_environment() | {"PYTHONPATH": str(CHECKOUT)} | variables,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode().splitlines(), err.decode().splitlines()


@pytest.mark.servers
async def test_the_names_applied_are_printed_and_a_second_run_has_none(servers: Servers, tmp_path: Path) -> None:
    name = f"test_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(servers.admin_url)
    await admin.execute(f'CREATE DATABASE "{name}"')
    url = renamed(servers.admin_url, name)
    try:
        first = await _migrate(tmp_path, MENTORA_POSTGRES_ADMIN_URL=url)
        assert first == (0, [f"applied {migration.name}" for migration in load_migrations()], [])
        assert await _migrate(tmp_path, MENTORA_POSTGRES_ADMIN_URL=url) == (0, ["nothing to apply"], [])
    finally:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def test_without_an_address_it_says_which_setting_is_missing(tmp_path: Path) -> None:
    status, out, err = await _migrate(tmp_path)
    assert (status, out) == (SettingsInvalid.exit_status, [])
    assert err[0].startswith("MENTORA_POSTGRES_ADMIN_URL is not set")
    assert err[1] == SettingsInvalid.cure


async def test_a_database_that_is_away_has_its_own_status(tmp_path: Path) -> None:
    url = f"postgresql://postgres@/mentora?host={tmp_path}"
    status, _, err = await _migrate(tmp_path, MENTORA_POSTGRES_ADMIN_URL=url)
    assert (status, len(err)) == (DatabaseUnavailable.exit_status, 2)


def test_passwords_come_out_of_the_addresses_that_workers_are_given() -> None:
    settings = Settings.model_construct(
        postgres_url="postgresql://mentora_app:a%2Fb@db/mentora",
        postgres_relay_url="postgresql://mentora_relay:c@db/mentora",
    )
    assert passwords(settings) == {"mentora_app": "a/b", "mentora_relay": "c"}


@pytest.mark.parametrize("url", ["", "postgresql://mentora_app@db/mentora", "postgresql://postgres:a@db/mentora"])
def test_an_address_without_its_role_and_password_is_refused_without_repeating_it(url: str) -> None:
    settings = Settings.model_construct(postgres_url=url, postgres_relay_url="postgresql://mentora_relay:c@db/mentora")
    with pytest.raises(SettingsInvalid, match="MENTORA_POSTGRES_URL: write") as refused:
        passwords(settings)
    assert url == "" or url not in str(refused.value)
