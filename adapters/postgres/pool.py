"""Connections to the truth, always as somebody: the caller is set inside each transaction."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from pgvector.asyncpg import register_vector

from adapters.postgres.errors import translating
from schemas.callers import Caller
from schemas.errors import Superseded
from schemas.videos import VideoRef

Connection = PoolConnectionProxy


OnStatement = Callable[[float], None]  # told the seconds that each statement took


async def _teach_types(connection: asyncpg.Connection) -> None:
    await register_vector(connection)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Whatever a transaction sets here ends with it, so there is nothing to reset: a round trip less for each."""


# For several reads whose answers are shared: each statement would else see what was committed by then, and a membership
# that ends between two of them hides the rest. It is set with the beginning, so it costs no round trip.
ONE_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

_ROLLBACK_SECONDS = 0.5  # it takes a thousandth of this; who asked has been kept waiting already
COMMAND_TIMEOUT_SECONDS = 20  # above the roles' statement_timeout of 15 s, so that the server speaks first


class Database:
    """A pool of one role's connections, opened at first use: a worker starts while PostgreSQL is still away."""

    def __init__(
        self,
        url: str,
        pool_size: int = 4,
        statement_cache_size: int = 100,
        on_statement: OnStatement | None = None,
    ) -> None:
        self._url = url
        self._on_statement = on_statement
        self._pool_size = pool_size
        self._statement_cache_size = statement_cache_size
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=self._pool_size,
                    timeout=5,
                    command_timeout=COMMAND_TIMEOUT_SECONDS,
                    statement_cache_size=self._statement_cache_size,
                    init=self._prepare,
                    reset=_leave_as_it_is,
                )
            return self._pool

    async def _prepare(self, connection: asyncpg.Connection) -> None:
        await _teach_types(connection)
        if (tell := self._on_statement) is not None:
            connection.add_query_logger(lambda statement: tell(statement.elapsed))

    async def close(self) -> None:
        """Give every connection back; one that is stuck is cut after five seconds."""
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), 5)
            except TimeoutError:
                pool.terminate()

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction without a caller: row-level security shows it no creator's rows."""
        return self._transaction()

    def as_creator(self, creator: UUID) -> AbstractAsyncContextManager[Connection]:
        """A transaction that sees and changes this creator's rows only."""
        return self._transaction(_set("creator_id", creator))

    def as_student(self, creator: UUID, student: UUID, *settings: str) -> AbstractAsyncContextManager[Connection]:
        """A transaction that reads what this creator has published to this student, and adds what is its own."""
        role = "SET LOCAL ROLE mentora_student"
        return self._transaction(_set("creator_id", creator), _set("student_id", student), role, *settings)

    @asynccontextmanager
    async def _transaction(self, *who: str) -> AsyncIterator[Connection]:
        """`who` the transaction is for goes to the server together with its beginning: a round trip less."""
        with translating():
            pool = self._pool or await self._open()
            async with pool.acquire(timeout=10) as connection:
                try:
                    await connection.execute("; ".join(("BEGIN", *who)))
                    yield connection
                except BaseException:
                    await _roll_back(connection)
                    raise
                await connection.execute("COMMIT")

    async def ping(self) -> None:
        """Raises: DatabaseUnavailable."""
        async with self.transaction() as connection:
            await connection.execute("SELECT 1")

    def as_caller(self, caller: Caller, *settings: str) -> AbstractAsyncContextManager[Connection]:
        """A transaction with what this caller may see: a student's, or its creator's.

        `settings` are SET LOCAL statements or ONE_SNAPSHOT, and constants of the program.
        """
        if caller.student_id is not None:
            return self.as_student(caller.creator, caller.student_id, *settings)
        return self._transaction(_set("creator_id", caller.creator), *settings)

    def as_operator(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction for what belongs to the installation: its keys, its limits, the list of creators."""
        return self._transaction("SET LOCAL ROLE mentora_operator")

    @asynccontextmanager
    async def fenced(self, video: VideoRef) -> AsyncIterator[Connection]:
        """A transaction that holds the video's row at the caller's epoch until it ends.

        A worker that wakes after its task was given away finds the row at a later epoch and must not write. Locking
        the row first also gives every writer of one video one order, so that they cannot deadlock.

        Raises: Superseded.
        """
        async with self.as_creator(video.creator_id) as connection:
            sql = "SELECT 1 FROM videos WHERE creator_id = $1 AND id = $2 AND epoch = $3 FOR NO KEY UPDATE"
            if await connection.fetchval(sql, video.creator_id, video.video_id, video.epoch) is None:
                raise Superseded(f"video {video.video_id} is no longer at epoch {video.epoch}")
            yield connection


async def _roll_back(connection: Connection) -> None:
    """Undo what was done; whoever does not answer is left, and undoes it when it finds that nobody is there."""
    try:
        async with asyncio.timeout(_ROLLBACK_SECONDS):
            await connection.execute("ROLLBACK")
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError):
        connection.terminate()


def _set(name: str, value: UUID) -> str:
    # A statement with parameters would be a round trip of its own. What is no UUID has no `bytes`, so no text of
    # anybody's gets into this one.
    return f"SET LOCAL mentora.{name} = '{UUID(bytes=value.bytes)}'"
