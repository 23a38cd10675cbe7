"""Migrations are applied once, in order, by one process at a time, and never edited."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from adapters.postgres.migrations import load_migrations, migrate
from schemas.errors import DatabaseUnavailable, SettingsInvalid
from tests.conftest import Servers
from tests.databases import FreshDatabase, renamed

pytestmark = pytest.mark.servers


async def test_four_processes_at_once_apply_each_migration_once(servers: Servers) -> None:
    name = f"test_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(servers.admin_url)
    await admin.execute(f'CREATE DATABASE "{name}"')
    applied = await asyncio.gather(*(migrate(renamed(servers.admin_url, name)) for _ in range(4)))
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()
    names = [migration.name for migration in load_migrations()]
    assert sorted(applied, key=len) == [[], [], [], names]


async def test_a_migrated_database_has_nothing_left_to_apply(database: FreshDatabase) -> None:
    assert await migrate(database.admin_url) == []


async def test_an_edited_migration_is_refused(database: FreshDatabase) -> None:
    await database.scalar("UPDATE schema_migrations SET sha256 = 'x' WHERE name = '0003_videos'")
    with pytest.raises(SettingsInvalid, match="0003_videos was edited"):
        await migrate(database.admin_url)
    true = next(migration.sha256 for migration in load_migrations() if migration.name == "0003_videos")
    await database.scalar("UPDATE schema_migrations SET sha256 = $1 WHERE name = '0003_videos'", true)


async def test_a_database_of_a_later_version_is_refused(database: FreshDatabase) -> None:
    await database.scalar("INSERT INTO schema_migrations (name, sha256) VALUES ('9999_future', 'x')")
    with pytest.raises(SettingsInvalid, match="9999_future"):
        await migrate(database.admin_url)
    await database.scalar("DELETE FROM schema_migrations WHERE name = '9999_future'")


async def test_a_database_that_is_away_is_a_transient_error() -> None:
    with pytest.raises(DatabaseUnavailable):
        await migrate("postgresql://postgres@/mentora?host=/nowhere")


async def test_partitions_are_made_ahead_and_only_once(database: FreshDatabase) -> None:
    count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'analytics_events'::regclass"
    assert await database.scalar(count) == 5
    assert await database.scalar("SELECT ensure_analytics_partitions()") == 0
    await database.scalar(
        """INSERT INTO analytics_events (creator_id, id, at, kind)
           SELECT gen_random_uuid(), gen_random_uuid(), now() + make_interval(months => n), 'watch'
           FROM generate_series(0, 3) AS n"""
    )
