"""Our own stores: waited out by time, never counted as a failed attempt."""

from schemas.errors.roots import TransientError


class StoreUnavailable(TransientError):
    """One of our own stores is away. The work waits for it, however long it takes."""

    code = "store_unavailable"
    exit_status = 70
    cure = "Bring the store back; everything goes on by itself."


class DatabaseUnavailable(StoreUnavailable):
    """PostgreSQL cannot be reached or is shutting down."""

    code = "database_unavailable"
    exit_status = 71


class ObjectStoreUnavailable(StoreUnavailable):
    """Object storage cannot be reached."""

    code = "object_store_unavailable"
    exit_status = 72


class StorageFull(StoreUnavailable):
    """A disk is full."""

    code = "storage_full"
    exit_status = 73
    cure = "Free some space; everything goes on by itself."


class TemporalUnavailable(StoreUnavailable):
    """The Temporal server cannot be reached."""

    code = "temporal_unavailable"
    exit_status = 74
