"""A transaction as somebody: begun with who it is for in one round trip, and never left open or half done."""

import asyncio
import logging
from uuid import UUID, uuid4

import asyncpg
import pytest

from adapters.postgres.creators import ensure_creator
from adapters.postgres.pool import Connection, Database
from schemas.callers import Caller, Role
from schemas.errors import DatabaseUnavailable
from tests.databases import FreshDatabase

pytestmark = pytest.mark.servers

_WHO = """SELECT current_setting('mentora.creator_id', true) AS creator,
                 current_setting('mentora.student_id', true) AS student, current_user::text AS role,
                 current_setting('plan_cache_mode') AS plans"""


async def test_who_asks_costs_no_statement_of_its_own(database: FreshDatabase) -> None:
    told: list[float] = []
    app = Database(database.app_url, pool_size=1, on_statement=told.append)
    await app.ping()
    await asyncio.sleep(0.1)
    told.clear()
    creator, student = uuid4(), uuid4()
    caller = Caller(role=Role.STUDENT, subject="user", creator_id=creator, student_id=student)
    async with app.as_caller(caller, "SET LOCAL plan_cache_mode = force_custom_plan") as connection:
        seen = dict(await connection.fetchrow(_WHO) or {})
    assert seen == {
        "creator": str(creator),
        "student": str(student),
        "role": "mentora_student",
        "plans": "force_custom_plan",
    }
    async with app.transaction() as connection:
        after = dict(await connection.fetchrow(_WHO) or {})
    assert after == {"creator": "", "student": "", "role": "mentora_app", "plans": "auto"}
    await asyncio.sleep(0.1)  # the driver tells a moment later
    assert len(told) == 6, "BEGIN, the question, COMMIT; twice"
    await app.close()


@pytest.mark.parametrize("creator", ["' OR true --", b"0123456789abcdef", 7, None])
async def test_what_is_no_id_never_becomes_a_part_of_a_statement(database: FreshDatabase, creator: object) -> None:
    with pytest.raises(AttributeError):
        database.app.as_creator(creator)  # type: ignore[arg-type]


async def test_what_was_written_before_an_error_is_gone_and_the_connection_is_good(database: FreshDatabase) -> None:
    app, creator = Database(database.app_url, pool_size=1), uuid4()

    async def write_and_fail() -> None:
        async with app.as_creator(creator) as connection:
            await ensure_creator(connection, creator)
            raise LookupError

    async def write_what_cannot_be() -> None:
        async with app.as_creator(creator) as connection:
            await ensure_creator(connection, creator)
            await connection.execute("SELECT 1 / 0")

    with pytest.raises(LookupError):
        await write_and_fail()
    with pytest.raises(asyncpg.DivisionByZeroError):
        await write_what_cannot_be()
    assert await _count(app, creator) == 0
    await app.close()


async def test_who_is_cancelled_leaves_no_transaction_behind(
    database: FreshDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    app, creator = Database(database.app_url, pool_size=1), uuid4()

    async def linger() -> None:
        async with app.as_creator(creator) as connection:
            await ensure_creator(connection, creator)
            await connection.execute("SELECT pg_sleep(60)")

    with caplog.at_level(logging.WARNING):
        for seconds in (0, 0.001, 0.003, 0.01, 0.1):  # while it is begun, too
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(linger(), seconds)
            assert await _count(app, creator) == 0
    assert not caplog.records
    await app.close()


async def test_a_connection_that_was_cut_is_an_absent_database_and_the_next_one_is_good(
    database: FreshDatabase,
) -> None:
    app = Database(database.app_url, pool_size=1)

    async def cut(connection: Connection) -> None:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        await database.scalar("SELECT pg_terminate_backend($1)", pid)
        await connection.execute("SELECT 1")

    async def ask() -> None:
        async with app.transaction() as connection:
            await cut(connection)

    with pytest.raises(DatabaseUnavailable):
        await ask()
    await app.ping()
    await app.close()


async def _count(app: Database, creator: UUID) -> int:
    async with app.as_creator(creator) as connection:
        found: int = await connection.fetchval("SELECT count(*) FROM creators")
    return found
