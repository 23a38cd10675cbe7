"""Service keys: found by their owner alone, good until they are revoked or expire, and nowhere in clear."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from adapters.postgres.keys import MEMORY_SECONDS, KeyRing, ServiceKeys
from adapters.postgres.pool import Database
from adapters.tokens.keys import KeyText, read_key
from schemas.errors import NotFound, TooManyKeys, Unauthenticated
from schemas.keys import InstallationRole, KeyOwner
from tests.databases import FreshDatabase

pytestmark = pytest.mark.servers

OWNERS: list[KeyOwner] = [uuid4(), InstallationRole.PLATFORM, InstallationRole.OPERATOR]
each_owner = pytest.mark.parametrize("owner", OWNERS, ids=["creator", "platform", "operator"])


async def _is_good(database: FreshDatabase, key: KeyText | str) -> bool:
    """Asked of a process that has never seen it."""
    try:
        await KeyRing(database.app).holder(str(key))
    except Unauthenticated:
        return False
    return True


@each_owner
async def test_a_key_tells_its_owner(database: FreshDatabase, owner: KeyOwner) -> None:
    key = await ServiceKeys(database.app).create(owner, "told", None)
    assert read_key(str(key)) == key
    holder = await KeyRing(database.app).holder(str(key))
    assert (holder.owner, holder.key_id) == (owner, key.key_id)


@each_owner
async def test_one_character_less_more_or_other_is_another_key(database: FreshDatabase, owner: KeyOwner) -> None:
    text = str(await ServiceKeys(database.app).create(owner, "changed", None))
    other = "A" if text[-10] != "A" else "B"
    for wrong in (text[:-1], text + "A", text[:-10] + other + text[-9:], text.upper(), text + "\n", " " + text, ""):
        assert not await _is_good(database, wrong)
    assert await _is_good(database, text)


async def test_a_key_under_another_owners_name_is_not_found(database: FreshDatabase) -> None:
    mine, theirs = uuid4(), uuid4()
    keys = ServiceKeys(database.app)
    key, others = await keys.create(mine, "crossed", None), await keys.create(theirs, "crossed", None)
    platform = await keys.create(InstallationRole.PLATFORM, "crossed", None)
    for forged in (
        KeyText(theirs, key.key_id, key.secret),
        KeyText(None, key.key_id, key.secret),
        KeyText(mine, others.key_id, key.secret),
        KeyText(mine, platform.key_id, platform.secret),
    ):
        assert not await _is_good(database, forged)


@each_owner
async def test_only_the_digest_of_a_secret_is_stored(database: FreshDatabase, owner: KeyOwner) -> None:
    key = await ServiceKeys(database.app).create(owner, "secret", None)
    stored = await database.rows(
        "SELECT to_jsonb(k)::text FROM service_keys k UNION ALL SELECT to_jsonb(k)::text FROM installation_keys k"
    )
    assert any(key.digest.hex() in row[0] for row in stored)
    assert not any(key.secret in row[0] or key.secret.encode().hex() in row[0] for row in stored)


@each_owner
async def test_a_revoked_key_is_refused_within_a_second(database: FreshDatabase, owner: KeyOwner) -> None:
    keys, ring = ServiceKeys(database.app), KeyRing(database.app)
    key = await keys.create(owner, "revoked", None)
    await ring.holder(str(key))
    await keys.revoke(owner, key.key_id)
    await keys.revoke(owner, key.key_id)
    assert not await _is_good(database, key)
    await asyncio.sleep(MEMORY_SECONDS)
    with pytest.raises(Unauthenticated):
        await ring.holder(str(key))


@each_owner
async def test_a_key_ends_when_it_was_said_to(database: FreshDatabase, owner: KeyOwner) -> None:
    keys = ServiceKeys(database.app)
    assert not await _is_good(database, await keys.create(owner, "ended", datetime.now(UTC) - timedelta(seconds=1)))
    assert await _is_good(database, await keys.create(owner, "ending", datetime.now(UTC) + timedelta(minutes=1)))


@each_owner
async def test_of_ten_that_are_made_at_once_two_are_good(database: FreshDatabase, owner: KeyOwner) -> None:
    several = Database(database.app_url, pool_size=10)
    keys = ServiceKeys(several)
    made = await asyncio.gather(*(keys.create(owner, "at once", None) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(key, KeyText) for key in made) == 2
    assert sum(isinstance(key, TooManyKeys) for key in made) == 8
    await several.close()


@each_owner
async def test_two_keys_of_a_name_are_good_during_rotation_and_never_three(
    database: FreshDatabase, owner: KeyOwner
) -> None:
    keys = ServiceKeys(database.app)
    old, new = [await keys.create(owner, "rotated", None) for _ in range(2)]
    assert await _is_good(database, old)
    assert await _is_good(database, new)
    with pytest.raises(TooManyKeys):
        await keys.create(owner, "rotated", None)
    await keys.create(owner, "another", None)
    await keys.revoke(owner, old.key_id)
    assert not await _is_good(database, old)
    assert await _is_good(database, new)
    await keys.create(owner, "rotated", None)


async def test_an_owner_lists_and_revokes_its_own_keys_only(database: FreshDatabase) -> None:
    keys = ServiceKeys(database.app)
    owners: list[KeyOwner] = [uuid4(), uuid4(), InstallationRole.PLATFORM, InstallationRole.OPERATOR]
    made = {owner: await keys.create(owner, "own", None) for owner in owners}
    for owner in owners:
        listed = {key.id for key in await keys.list(owner)}
        assert [other for other in owners if made[other].key_id in listed] == [owner]
        for other in set(owners) - {owner}:
            with pytest.raises(NotFound):
                await keys.revoke(owner, made[other].key_id)
    assert all([await _is_good(database, key) for key in made.values()])


async def test_a_key_that_was_just_seen_is_not_looked_up_again(database: FreshDatabase) -> None:
    key = await ServiceKeys(database.app).create(uuid4(), "seen", None)
    ring = KeyRing(database.app)
    await ring.holder(str(key))
    await database.scalar("DELETE FROM service_keys WHERE id = $1", key.key_id)
    assert await ring.holder(str(key))


async def test_the_memory_of_keys_is_bounded(database: FreshDatabase) -> None:
    keys, ring = ServiceKeys(database.app), KeyRing(database.app)
    key = await keys.create(uuid4(), "many", None)
    holder = await ring.holder(str(key))
    ring._seen.update({bytes([n // 256, n % 256]): (0.0, holder) for n in range(2_000)})
    await ring.holder(str(await keys.create(uuid4(), "one more", None)))
    assert len(ring._seen) == 1
