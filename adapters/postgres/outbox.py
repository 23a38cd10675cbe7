"""The outbox: orders written with what they are about, and read by the relay. Of all creators, references only."""

from pydantic import BaseModel

from adapters.postgres.pool import Connection, Database
from schemas.ids import order_id
from schemas.orders import Order, OrderKind
from schemas.videos import VideoRef


async def add_order(
    connection: Connection, kind: OrderKind, video: VideoRef, workflow_id: str, payload: BaseModel, request_id: str
) -> None:
    """Order something in the transaction that makes it due.

    Idempotent: keyed by kind and workflow id; the first order stands.
    """
    sql = """INSERT INTO outbox (creator_id, id, kind, workflow_id, payload, request_id)
             VALUES ($1, $2, $3, $4, $5, nullif($6, '')) ON CONFLICT (creator_id, id) DO NOTHING"""
    key = order_id(kind, workflow_id)
    content = payload.model_dump(mode="json")
    await connection.execute(sql, video.creator_id, key, str(kind), workflow_id, content, request_id)


class Outbox:
    """Orders in the order of their making. Two relays may read the same one: carrying it twice is once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, limit: int = 100) -> list[Order]:
        """The oldest orders that nobody has confirmed yet."""
        sql = """SELECT creator_id, id, kind, workflow_id, payload, request_id FROM outbox
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
