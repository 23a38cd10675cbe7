"""Webhooks taken, each once, however often it is delivered."""

from uuid import UUID

from adapters.postgres.creators import ensure_creator
from adapters.postgres.memberships import change_membership
from adapters.postgres.pool import Connection, Database
from schemas.ids import creator_id
from schemas.webhooks import WebhookEvent, WebhookOutcome


class WebhookInbox:
    """Notes what a verified webhook says."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(self, event: WebhookEvent) -> WebhookOutcome:
        """Apply the event and return what became of it; the same id again gets the first answer.

        Idempotent: the id's row is written first, so of many deliveries at once one applies it and the others wait for
        its commit. Row and effect are one transaction.
        Raises: EventInvalid for an event of the future; DatabaseUnavailable.
        """
        if event.company is None:
            return WebhookOutcome.IGNORED
        creator = creator_id(event.company)
        async with self._database.as_creator(creator) as connection:
            await ensure_creator(connection, creator, event.company)
            if not await _claim(connection, creator, event):
                return await _first_outcome(connection, creator, event.id)
            if event.change is None:
                return WebhookOutcome.RECORDED
            is_news = await change_membership(connection, event.change)
            outcome = WebhookOutcome.APPLIED if is_news else WebhookOutcome.OUTDATED
            await _settle(connection, creator, event.id, outcome)
        return outcome


async def _claim(connection: Connection, creator: UUID, event: WebhookEvent) -> bool:
    sql = """INSERT INTO webhook_events (creator_id, id, type, at, outcome) VALUES ($1, $2, $3, $4, 'recorded')
             ON CONFLICT (creator_id, id) DO NOTHING"""
    return await connection.execute(sql, creator, event.id, event.type, event.at) == "INSERT 0 1"


async def _first_outcome(connection: Connection, creator: UUID, event_id: str) -> WebhookOutcome:
    sql = "SELECT outcome FROM webhook_events WHERE creator_id = $1 AND id = $2"
    return WebhookOutcome(await connection.fetchval(sql, creator, event_id))


async def _settle(connection: Connection, creator: UUID, event_id: str, outcome: WebhookOutcome) -> None:
    sql = "UPDATE webhook_events SET outcome = $3 WHERE creator_id = $1 AND id = $2"
    await connection.execute(sql, creator, event_id, str(outcome))
