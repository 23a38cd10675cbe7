"""The usage ledger: a line per call of a model, reserved before it and settled with its result."""

from uuid import UUID

from adapters.postgres.pool import Connection, Database
from schemas.usage import CallTicket, Operation, Usage
from schemas.videos import VideoRef


class PostgresUsage:
    """Satisfies the port `UsageLedger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, video: VideoRef, ask: str, operation: Operation, provider: str, model: str) -> CallTicket:
        """Write that a call is about to be made, durably, before it is.

        Not idempotent by design: every call of this is a call of the model, with an attempt number of its own.
        Raises: Superseded: a story whose epoch is over must not spend.
        """
        sql = """INSERT INTO usage_ledger (creator_id, ask, attempt, video_id, operation, provider, model)
                 SELECT $1, $2, coalesce(max(attempt), 0) + 1, $3, $4, $5, $6
                 FROM usage_ledger WHERE creator_id = $1 AND ask = $2
                 RETURNING attempt"""
        async with self._database.fenced(video) as connection:  # the video's lock makes max + 1 safe
            attempt = await connection.fetchval(
                sql, video.creator_id, ask, video.video_id, str(operation), provider, model
            )
        return CallTicket(creator_id=video.creator_id, ask=ask, attempt=attempt)

    async def record(
        self, creator: UUID, ask: str, operation: Operation, provider: str, model: str, usage: Usage
    ) -> None:
        """Write a call that was made, where nothing is stored that it could be settled with.

        Not idempotent by design, as above; the caller's `ask` is one of its own. A crash before this loses the line.
        """
        sql = """INSERT INTO usage_ledger (creator_id, ask, attempt, operation, provider, model,
                                           input_tokens, output_tokens, settled_at)
                 VALUES ($1, $2, 1, $3, $4, $5, $6, $7, now())"""
        spent = (usage.input_tokens, usage.output_tokens)
        async with self._database.as_creator(creator) as connection:
            await connection.execute(sql, creator, ask, str(operation), provider, model, *spent)


async def settle(connection: Connection, ticket: CallTicket, usage: Usage) -> None:
    """Settle a reserved call in the transaction that stores its result. Idempotent: a settled line stays as it is."""
    sql = """UPDATE usage_ledger
             SET settled_at = now(), audio_seconds = $4, input_tokens = $5, output_tokens = $6
             WHERE creator_id = $1 AND ask = $2 AND attempt = $3 AND settled_at IS NULL"""
    await connection.execute(
        sql,
        ticket.creator_id,
        ticket.ask,
        ticket.attempt,
        usage.audio_seconds,
        usage.input_tokens,
        usage.output_tokens,
    )
