"""Service keys: made, listed and revoked by their owner; looked up among that owner's alone."""

import hashlib
import hmac
import time
from datetime import datetime
from uuid import UUID, uuid4

from adapters.postgres.creators import ensure_creator
from adapters.postgres.pool import Connection, Database
from adapters.tokens.keys import KeyText, new_key, read_key
from schemas.errors import NotFound, TooManyKeys, Unauthenticated
from schemas.keys import InstallationRole, KeyHolder, KeyOwner, ServiceKey

MEMORY_SECONDS = 1.0  # so long does a revoked key live in a process that has just seen it
_MEMORY_SIZE = 1_000
_LISTED = 200


class KeyRing:
    """Tells whose a key is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[bytes, tuple[float, KeyHolder]] = {}

    async def holder(self, text: str) -> KeyHolder:
        """Whose key this is. Raises: Unauthenticated, DatabaseUnavailable."""
        mark = hashlib.sha256(text.encode()).digest()  # the memory holds no secret either
        until, seen = self._seen.get(mark, (0.0, None))
        if seen is not None and time.monotonic() < until:
            return seen
        key = read_key(text)
        found = await self._find(key) if key else None
        if found is None:
            raise Unauthenticated("the service key is not valid, or no longer")
        if len(self._seen) >= _MEMORY_SIZE:
            self._seen.clear()
        self._seen[mark] = (time.monotonic() + MEMORY_SECONDS, found)
        return found

    async def _find(self, key: KeyText) -> KeyHolder | None:
        if key.creator is not None:
            return await self._of_creator(key, key.creator)
        return await self._of_installation(key)

    async def _of_creator(self, key: KeyText, creator: UUID) -> KeyHolder | None:
        sql = """SELECT secret_sha256 FROM service_keys WHERE creator_id = $1 AND id = $2
                   AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"""
        async with self._database.as_creator(creator) as connection:
            stored = await connection.fetchval(sql, creator, key.key_id)
        good = stored is not None and hmac.compare_digest(stored, key.digest)
        return KeyHolder(key_id=key.key_id, owner=creator) if good else None

    async def _of_installation(self, key: KeyText) -> KeyHolder | None:
        sql = """SELECT role, secret_sha256 FROM installation_keys WHERE id = $1
                   AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"""
        async with self._database.as_operator() as connection:
            row = await connection.fetchrow(sql, key.key_id)
        if row is None or not hmac.compare_digest(row["secret_sha256"], key.digest):
            return None
        return KeyHolder(key_id=key.key_id, owner=InstallationRole(row["role"]))


class ServiceKeys:
    """Makes, lists and revokes keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, owner: KeyOwner, name: str, expires_at: datetime | None) -> KeyText:
        """A new key; this is the only time that anybody sees its secret.

        Raises: TooManyKeys where two of the name are good already.
        """
        key = new_key(owner, uuid4())
        made = await (
            self._insert_installation(owner, key, name, expires_at)
            if isinstance(owner, InstallationRole)
            else self._insert(owner, key, name, expires_at)
        )
        if not made:
            raise TooManyKeys(f"two keys named {name!r} are good already")
        return key

    async def list(self, owner: KeyOwner) -> list[ServiceKey]:
        """The newest keys of the owner, revoked ones too."""
        if isinstance(owner, InstallationRole):
            sql = """SELECT id, name, created_at, expires_at, revoked_at FROM installation_keys WHERE role = $1
                     ORDER BY created_at DESC, id LIMIT $2"""
            async with self._database.as_operator() as connection:
                rows = await connection.fetch(sql, str(owner), _LISTED)
        else:
            sql = """SELECT id, name, created_at, expires_at, revoked_at FROM service_keys WHERE creator_id = $1
                     ORDER BY created_at DESC, id LIMIT $2"""
            async with self._database.as_creator(owner) as connection:
                rows = await connection.fetch(sql, owner, _LISTED)
        return [ServiceKey(**row) for row in rows]

    async def revoke(self, owner: KeyOwner, key_id: UUID) -> None:
        """End a key. Idempotent: a key that is revoked already keeps its moment. Raises: NotFound."""
        if isinstance(owner, InstallationRole):
            sql = "UPDATE installation_keys SET revoked_at = coalesce(revoked_at, now()) WHERE role = $1 AND id = $2"
            async with self._database.as_operator() as connection:
                done = await connection.execute(sql, str(owner), key_id)
        else:
            sql = """UPDATE service_keys SET revoked_at = coalesce(revoked_at, now())
                     WHERE creator_id = $1 AND id = $2"""
            async with self._database.as_creator(owner) as connection:
                done = await connection.execute(sql, owner, key_id)
        if done != "UPDATE 1":
            raise NotFound(f"this owner has no key {key_id}")

    async def _insert(self, owner: UUID, key: KeyText, name: str, expires_at: datetime | None) -> bool:
        sql = """INSERT INTO service_keys (creator_id, id, name, secret_sha256, expires_at) SELECT $1, $2, $3, $4, $5
                 WHERE 2 > (SELECT count(*) FROM service_keys
                            WHERE creator_id = $1 AND name = $3
                              AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))"""
        async with self._database.as_creator(owner) as connection:
            await ensure_creator(connection, owner)
            await _lock(connection, owner, name)
            return await connection.execute(sql, owner, key.key_id, name, key.digest, expires_at) == "INSERT 0 1"

    async def _insert_installation(
        self, owner: InstallationRole, key: KeyText, name: str, expires_at: datetime | None
    ) -> bool:
        sql = """INSERT INTO installation_keys (role, id, name, secret_sha256, expires_at) SELECT $1, $2, $3, $4, $5
                 WHERE 2 > (SELECT count(*) FROM installation_keys
                            WHERE role = $1 AND name = $3
                              AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))"""
        async with self._database.as_operator() as connection:
            await _lock(connection, owner, name)
            return await connection.execute(sql, str(owner), key.key_id, name, key.digest, expires_at) == "INSERT 0 1"


async def _lock(connection: Connection, owner: KeyOwner, name: str) -> None:
    """Until the transaction ends: of several at once each counts those before it."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 20))", f"{owner}/{name}")
