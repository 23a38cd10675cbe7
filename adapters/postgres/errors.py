"""The one translation of PostgreSQL's and its driver's errors into ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from schemas.errors import DatabaseUnavailable, StorageFull

_AWAY = (
    OSError,  # refused, reset, no such socket
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,  # "connection is closed", "pool is closing"
    asyncpg.InternalClientError,  # the driver's own state after its server was killed in the middle of an answer
    asyncpg.CannotConnectNowError,  # starting up, shutting down
    asyncpg.InvalidPasswordError,  # a password that is being rotated: the work waits for the new one
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,  # statement_timeout: the database is too busy, which passes
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


@contextmanager
def translating() -> Iterator[None]:
    """Raise DatabaseUnavailable or StorageFull for what passes by itself; let everything else through: it is a bug.

    The messages name the fact only: a driver's own message may quote the row it was about.
    """
    try:
        yield
    except asyncpg.DiskFullError:
        raise StorageFull("PostgreSQL's disk is full") from None
    except _AWAY as error:
        raise DatabaseUnavailable(f"PostgreSQL is not available ({type(error).__name__})") from error
