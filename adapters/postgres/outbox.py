"""The outbox, as the relay sees it: orders of all creators, references only."""

from uuid import UUID

from adapters.postgres.pool import Database
from schemas.base import Frozen
from schemas.videos import VideoRef


class Order(Frozen):
    """A workflow to start."""

    creator_id: UUID
    id: UUID
    kind: str
    workflow_id: str
    payload: VideoRef


class Outbox:
    """Orders in the order of their making. Two relays may read the same one: starting a workflow twice is once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, limit: int = 100) -> list[Order]:
        """The oldest orders that nobody has confirmed yet."""
        sql = """SELECT creator_id, id, kind, workflow_id, payload FROM outbox
                 WHERE dispatched_at IS NULL ORDER BY created_at LIMIT $1"""
        async with self._database.transaction() as connection:
            return [Order(**row) for row in await connection.fetch(sql, limit)]

    async def confirm(self, order: Order) -> None:
        """Mark the order as carried out. Idempotent: the first time stands."""
        sql = """UPDATE outbox SET dispatched_at = now()
                 WHERE creator_id = $1 AND id = $2 AND dispatched_at IS NULL"""
        async with self._database.transaction() as connection:
            await connection.execute(sql, order.creator_id, order.id)

    async def ensure_partitions(self) -> None:
        """Make next months' partitions ahead. Idempotent."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT ensure_analytics_partitions()")
