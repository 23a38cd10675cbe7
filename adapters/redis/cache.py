"""The cache: read through it, and say what changed. Redis away, slow or full makes it slower, never wrong."""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from adapters.redis.connection import RedisConnection
from adapters.redis.entries import LEASE, RELEASE, STORE, Entry, Lease, held, packed
from adapters.redis.keys import EPOCH, CacheKey, tag_version

_LOGGER = logging.getLogger(__name__)
_LOCK_SECONDS = 5.0  # a loader that died is waited for no longer
_WAIT_SECONDS = 2.0  # and one that lives no longer than this: then one more loads beside it
_LOOK_SECONDS = 0.02
_VERSION_SECONDS = 86_400.0  # longer than any value lives; begins anew with each load
_JITTER = 0.1  # of a value's life, so that what was stored together does not expire together
_RENEWAL = 0.8  # of a value's life: from then on whoever reads it has it renewed, and is not kept waiting

Model = TypeVar("Model")
Load = Callable[[], Awaitable[bytes]]


@dataclass
class CacheCount:
    """What readers of one policy found. `loads` is less than `misses` where several waited for one."""

    hits: int = 0
    misses: int = 0
    loads: int = 0


@dataclass(frozen=True)
class _Flight:
    """A load that is on its way, for whoever asks meanwhile: the bytes, and whether they still held when it landed."""

    key: CacheKey
    landing: asyncio.Task[tuple[bytes, bool]]


class Cache:
    """Cache-aside, with one load for each key however many ask, in this process and in others.

    A value is never handed out after `invalidate` or `invalidate_tag` returned: by this process at once, whatever Redis
    does. By other processes at once too, if Redis heard of it; if it could not, half a second after it can be reached
    from here again, or from any process that had missed it. A load that is on its way in another process while Redis is
    away is not recalled: who joined it gets what it read.
    """

    def __init__(self, url: str) -> None:
        """Without an address nothing is remembered."""
        self._connection = RedisConnection(url, self._hear_again)
        self._missed = 0  # invalidations that Redis did not hear
        self._flights: dict[str, _Flight] = {}
        self._renewals: dict[str, asyncio.Task[None]] = {}
        self.counts: defaultdict[str, CacheCount] = defaultdict(CacheCount)  # by the policy's name

    @property
    def is_away(self) -> bool:
        """Whether everything is loaded, because Redis cannot be asked."""
        return self._connection.is_away

    async def get(self, key: CacheKey, load: Load) -> bytes:
        """The value: remembered, or loaded and then remembered. `load` reads the truth, and may outlive who asked.

        Raises: what `load` raises, and nothing of Redis.
        """
        count = self.counts[key.policy.name]
        entry = await self._find(key)
        if entry is None:
            count.misses += 1
            return await self._join(key, load)
        count.hits += 1
        if time.time() > entry.renew_at and key.value not in self._renewals:
            self._renew(key, load)
        return entry.body

    async def get_model(self, key: CacheKey, kind: TypeAdapter[Model], load: Callable[[], Awaitable[Model]]) -> Model:
        """The same, as JSON of `kind`."""

        async def loaded() -> bytes:
            return kind.dump_json(await load())

        try:
            return kind.validate_json(await self.get(key, loaded))
        except ValidationError:  # another version of ours stored it in another shape
            await self.invalidate(key)
            return await load()

    async def invalidate(self, *keys: CacheKey) -> None:
        """Call it after the write, and before telling anybody of it. The value need not be there."""
        self._part_with([flight for flight in self._flights.values() if flight.key in keys])
        await self._forget([name for key in keys for name in (key.own_version, key.value, key.lock)])

    async def invalidate_tag(self, creator_id: UUID, *tags: str) -> None:
        """The same for all of the creator's values that rest on one of these."""
        versions = {tag_version(creator_id, tag) for tag in tags}
        self._part_with([flight for flight in self._flights.values() if versions & set(flight.key.versions)])
        await self._forget(versions)

    async def close(self) -> None:
        """Give the connections back. Loads that are on their way end by themselves."""
        for renewal in self._renewals.values():
            renewal.cancel()
        await self._connection.close()

    # ---- Forgetting --------------------------------------------------------------------------------------------------

    def _part_with(self, flights: Collection[_Flight]) -> None:
        """Who asks from now on does not join these."""
        for flight in flights:
            del self._flights[flight.key.value]

    async def _forget(self, names: Collection[str]) -> None:
        """Deleting works in a full Redis too; a version that is gone is made anew by the next load."""
        if names and await self._connection.ask("UNLINK", *names) is None:
            self._missed += 1
            self._connection.suspend("it did not hear of a change")

    async def _hear_again(self, redis: Redis, was_away: bool) -> None:
        """Empty the cache, if Redis came back with values that may have changed: by us, or by who did not survive."""
        await redis.ping()
        while self._missed or was_away:
            missed = self._missed
            await redis.unlink(EPOCH)
            self._missed -= missed
            was_away = False

    # ---- Loading -----------------------------------------------------------------------------------------------------

    async def _find(self, key: CacheKey) -> Entry | None:
        found = await self._connection.ask("MGET", key.value, *key.versions)
        return held(found[0], found[1:]) if found else None

    async def _join(self, key: CacheKey, load: Load) -> bytes:
        """Who joins a load cannot know whether it began before a change; if there was one, the next one is awaited."""
        flight = self._flights.get(key.value)
        if flight is None:
            return (await self._landed(self._begin(key, load)))[0]
        body, holds = await self._landed(flight)
        if holds:
            return body
        later = self._flights.get(key.value)
        return (await self._landed(later or self._begin(key, load)))[0]

    def _begin(self, key: CacheKey, load: Load) -> _Flight:
        flight = _Flight(key, asyncio.create_task(self._fetch(key, load)))
        self._flights[key.value] = flight
        flight.landing.add_done_callback(lambda _: self._end(flight))
        return flight

    def _end(self, flight: _Flight) -> None:
        if self._flights.get(flight.key.value) is flight:
            del self._flights[flight.key.value]
        if not flight.landing.cancelled():
            flight.landing.exception()  # looked at, also if everybody who waited has gone

    async def _landed(self, flight: _Flight) -> tuple[bytes, bool]:
        return await asyncio.shield(flight.landing)  # one asker's going away is not the others'

    async def _fetch(self, key: CacheKey, load: Load) -> tuple[bytes, bool]:
        """Load, unless another process does: then wait for what it stores, but not for ever."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while lease := await self._lease(key):
            if lease.entry is not None:
                return lease.entry.body, True
            if lease.is_granted or time.monotonic() > deadline:
                return await self._load(key, load, lease)
            await asyncio.sleep(_LOOK_SECONDS)
        self.counts[key.policy.name].loads += 1
        return await load(), True

    async def _load(self, key: CacheKey, load: Load, lease: Lease) -> tuple[bytes, bool]:
        self.counts[key.policy.name].loads += 1
        stored = None
        try:
            body = await load()
            stored = await self._store(key, body, lease)
            return body, stored != 0
        finally:
            if stored is None:  # who waits for it need not wait any longer
                await self._connection.run(RELEASE, [key.lock], [lease.word])

    async def _store(self, key: CacheKey, body: bytes, lease: Lease) -> object:
        life = key.policy.ttl_seconds * random.uniform(1 - _JITTER, 1)  # noqa: S311  nobody gains by guessing it
        blob = packed(lease.header, Entry(body, time.time() + life * _RENEWAL))
        arguments = (lease.word, lease.header, int(life * 1_000), blob)
        return await self._connection.run(STORE, [key.lock, key.value, *key.versions], arguments)

    async def _lease(self, key: CacheKey, *, anew: bool = False) -> Lease | None:
        word = uuid4().hex
        arguments = (word, int(_LOCK_SECONDS * 1_000), int(_VERSION_SECONDS * 1_000), 0 if anew else 1)
        told = await self._connection.run(LEASE, [key.lock, key.value, *key.versions], arguments)
        if told is None:
            return None
        header, blob, granted = told
        return Lease(word, header, held(blob, header.split(b" ")), bool(granted))

    # ---- Renewing ----------------------------------------------------------------------------------------------------

    def _renew(self, key: CacheKey, load: Load) -> None:
        renewal = asyncio.create_task(self._renewed(key, load))
        self._renewals[key.value] = renewal
        renewal.add_done_callback(lambda _: self._renewals.pop(key.value))

    async def _renewed(self, key: CacheKey, load: Load) -> None:
        """Beside the readers, by whoever is first of all processes; a failure is the next one's to mend."""
        lease = await self._lease(key, anew=True)
        if lease is None or not lease.is_granted:
            return
        try:
            await self._load(key, load, lease)
        except Exception as error:  # noqa: BLE001  the value at hand is good for a while yet
            _LOGGER.warning("a cached value was not renewed (%s)", type(error).__name__)
