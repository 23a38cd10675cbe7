"""Creators in PostgreSQL: their list for who runs the installation, their settings for everybody who serves them."""

from uuid import UUID

import asyncpg

from adapters.postgres.pool import Connection, Database
from schemas.creators import Creator, CreatorSettings

_COLUMNS = "creator_id, name, settings, created_at"


class CreatorDirectory:
    """The operator's view: all creators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, after: UUID | None, limit: int) -> list[Creator]:
        """Creators in the order of their ids, those after `after`."""
        sql = f"""SELECT {_COLUMNS} FROM creators WHERE $1::uuid IS NULL OR creator_id > $1
                  ORDER BY creator_id LIMIT $2"""  # noqa: S608 - a constant
        async with self._database.as_operator() as connection:
            return [_creator(row) for row in await connection.fetch(sql, after, limit)]

    async def find(self, creator: UUID) -> Creator | None:
        """One of them."""
        sql = f"SELECT {_COLUMNS} FROM creators WHERE creator_id = $1"  # noqa: S608 - a constant
        async with self._database.as_operator() as connection:
            row = await connection.fetchrow(sql, creator)
        return _creator(row) if row else None

    async def choose(self, creator: UUID, settings: CreatorSettings) -> Creator | None:
        """Replace the creator's settings; None where there is no such creator."""
        sql = f"UPDATE creators SET settings = $2 WHERE creator_id = $1 RETURNING {_COLUMNS}"  # noqa: S608 - a constant
        async with self._database.as_operator() as connection:
            row = await connection.fetchrow(sql, creator, settings.model_dump(mode="json"))
        return _creator(row) if row else None


async def settings_of(database: Database, creator: UUID) -> CreatorSettings:
    """The creator's choices; of a creator who has nothing yet, the defaults."""
    sql = "SELECT settings FROM creators WHERE creator_id = $1"
    async with database.as_creator(creator) as connection:
        found = await connection.fetchval(sql, creator)
    return CreatorSettings.model_validate(found or {})


async def ensure_creator(connection: Connection, creator: UUID, company: str | None = None) -> None:
    """Make the creator's row where there is none, and note its Whop company where none is noted.

    A row that says it all is not locked: whatever else the creator does at this moment need not wait.
    """
    made = "INSERT INTO creators (creator_id, name, whop_company_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    noted = "UPDATE creators SET whop_company_id = $2 WHERE creator_id = $1 AND whop_company_id IS NULL"
    is_new = await connection.execute(made, creator, company or str(creator), company) == "INSERT 0 1"
    if company is not None and not is_new:
        await connection.execute(noted, creator, company)


def _creator(row: asyncpg.Record) -> Creator:
    return Creator.model_validate(dict(row))
