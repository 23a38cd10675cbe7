"""Rate limits that an operator changed; what has no row is as the code says."""

from adapters.postgres.pool import Database
from schemas.limits import RateLimit


class ChangedLimits:
    """Kept in PostgreSQL, so that every gateway process comes to know of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, RateLimit]:
        """The changed ones by name. There is a handful of names, so of rows."""
        sql = "SELECT name, requests, window_seconds FROM rate_limits LIMIT 100"
        async with self._database.as_operator() as connection:
            rows = await connection.fetch(sql)
        return {row["name"]: RateLimit(**row) for row in rows}

    async def change(self, limit: RateLimit) -> None:
        """From now on this many requests in this window."""
        sql = """INSERT INTO rate_limits (name, requests, window_seconds) VALUES ($1, $2, $3)
                 ON CONFLICT (name) DO UPDATE
                 SET requests = EXCLUDED.requests, window_seconds = EXCLUDED.window_seconds, changed_at = now()"""
        async with self._database.as_operator() as connection:
            await connection.execute(sql, limit.name, limit.requests, limit.window_seconds)

    async def restore(self, name: str) -> None:
        """Back to what the code says; twice is once."""
        async with self._database.as_operator() as connection:
            await connection.execute("DELETE FROM rate_limits WHERE name = $1", name)
