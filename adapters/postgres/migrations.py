"""Migrations: numbered `.sql` files, forward only, applied in order under a lock, each with its checksum."""

import hashlib
from dataclasses import dataclass
from importlib import resources

import asyncpg

from adapters.postgres.errors import translating
from schemas.errors import SettingsInvalid

_LOCK = 0x6D656E746F7261  # "mentora" in ASCII: one number for every process that migrates this database

_TABLE = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name       text PRIMARY KEY,
        sha256     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )"""


@dataclass(frozen=True)
class Migration:
    """One file; `name` is its stem, and names are applied in alphabetical order."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The checksum that an applied migration must keep for ever."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations() -> list[Migration]:
    """Every migration of this version, in order."""
    folder = resources.files("adapters.postgres") / "migrations"
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted((Migration(file.name.removesuffix(".sql"), file.read_text()) for file in files), key=lambda m: m.name)


async def migrate(admin_url: str) -> list[str]:
    """Bring the database to this version and return the names applied now; none, if it is there already.

    Each file is one transaction with its line in `schema_migrations`, so a kill leaves whole files only. Several
    processes may call this at once: the advisory lock lets one work and the others find nothing left to do. It must
    reach PostgreSQL directly: behind PgBouncer's transaction pooling a session lock means nothing.

    Raises: DatabaseUnavailable; SettingsInvalid where the database holds what this version does not know.
    """
    with translating():
        connection = await asyncpg.connect(admin_url, timeout=10, statement_cache_size=0)
        try:
            await connection.execute("SET client_min_messages = warning")
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
            return await _apply_missing(connection)
        finally:
            await connection.close()  # and with the session goes the lock


async def _apply_missing(connection: asyncpg.Connection) -> list[str]:
    await connection.execute(_TABLE)
    rows = await connection.fetch("SELECT name, sha256 FROM schema_migrations")
    applied = {row["name"]: row["sha256"] for row in rows}
    migrations = load_migrations()
    _refuse_drift(applied, migrations)
    missing = [migration for migration in migrations if migration.name not in applied]
    for migration in missing:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '5s'")
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)", migration.name, migration.sha256
            )
    if not missing:
        await connection.execute("SELECT ensure_analytics_partitions()")
    return [migration.name for migration in missing]


def _refuse_drift(applied: dict[str, str], migrations: list[Migration]) -> None:
    known = {migration.name: migration.sha256 for migration in migrations}
    for name, sha256 in applied.items():
        if name not in known:
            raise SettingsInvalid(f"the database has migration {name}, which this version does not know: upgrade first")
        if known[name] != sha256:
            raise SettingsInvalid(f"migration {name} was edited after it was applied: restore its text, add a new file")
    late = [name for name in known if name not in applied and applied and name < max(applied)]
    if late:
        raise SettingsInvalid(f"migration {late[0]} comes before ones already applied: give it a higher number")
