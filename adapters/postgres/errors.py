"""The one translation of PostgreSQL's and its driver's errors into ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from schemas.errors import DatabaseUnavailable, MentoraError, StorageFull

_AWAY = (
    OSError,  # refused, reset, no such socket
    TimeoutError,
    asyncpg.InterfaceError,  # "connection is closed", "pool is closing"
    asyncpg.InternalClientError,  # the driver's own state after its server was killed in the middle of an answer
    asyncpg.InvalidCachedStatementError,  # a migration changed a type; the next transaction prepares again
    # Classes of SQLSTATE, so that their newest members are in them:
    asyncpg.PostgresConnectionError,  # 08
    asyncpg.ReadOnlySQLTransactionError,  # 25006: a failover, and this connection still reaches the old primary
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,  # 28: a password is being rotated; the work waits for the new one
    asyncpg.TransactionRollbackError,  # 40: deadlock, serialization
    asyncpg.InsufficientResourcesError,  # 53: too many connections, out of memory
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,  # 57: starting up, shutting down, crashed, statement_timeout
    asyncpg.PostgresSystemError,  # 58: the server's disk or files
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


@contextmanager
def unless_taken_away(gone: MentoraError) -> Iterator[None]:
    """Raise `gone` where a row that was just read can be written about no more.

    Between the two statements somebody else may have deleted it (its foreign key says so) or hidden it from the
    caller (row-level security does): then it is as if it had not been read. A missing grant is still a bug.
    """
    try:
        yield
    except asyncpg.ForeignKeyViolationError:
        raise gone from None
    except asyncpg.InsufficientPrivilegeError as error:
        # Both have one SQLSTATE, and the message's language is the server's: only where it was raised tells them apart.
        if error.server_source_function != "ExecWithCheckOptions":
            raise
        raise gone from None
