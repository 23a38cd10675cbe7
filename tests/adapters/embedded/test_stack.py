"""The whole stack with real servers: it comes up, comes back, and goes."""

import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from temporalio.client import Client

from adapters.embedded.home import Home
from adapters.embedded.postgres import Postgres
from adapters.embedded.programs import postgres_folder, redis_program, temporal_program, unprivileged
from adapters.embedded.stack import Stack, worker_commands
from adapters.embedded.supervisor import Supervisor
from adapters.settings import Settings
from schemas.errors import PartMissing
from tests.adapters.embedded.running import dummy, is_alive, servers_only, state_of, until_back
from tests.surroundings import bare_environment

pytestmark = pytest.mark.servers


@dataclass
class Up:
    stack: Stack
    home: Home


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Up]:
    """One stack for the tests that kill a part of it: each leaves it whole."""
    home = Home(tmp_path_factory.mktemp("up") / ("long" * 40) / "home")
    stack = servers_only(home, dummy("dummy", "ready"))
    try:
        await stack.start()
        yield Up(stack, home)
    finally:
        await stack.stop()


async def test_a_killed_database_is_back_at_its_address_with_what_was_committed(up: Up) -> None:
    address = up.stack.environment["MENTORA_POSTGRES_ADMIN_URL"]
    await _execute(address, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(state_of(up.stack, "postgres").pid, signal.SIGKILL)
    await until_back(up.stack, "postgres")
    assert await _fetch(address, "SELECT answer FROM kept") == 42


async def test_a_killed_cache_is_back_at_its_address_and_empty(up: Up) -> None:
    async with Redis.from_url(up.stack.environment["MENTORA_REDIS_CACHE_URL"]) as cache:
        await cache.set("key", "value")
    os.kill(state_of(up.stack, "redis").pid, signal.SIGKILL)
    await until_back(up.stack, "redis")
    async with Redis.from_url(up.stack.environment["MENTORA_REDIS_CACHE_URL"]) as cache:
        assert await cache.get("key") is None


async def test_a_killed_temporal_is_back_at_its_address_with_what_it_had_accepted(up: Up) -> None:
    address = up.stack.environment["TEMPORAL_ADDRESS"]
    client = await Client.connect(address)
    started = await client.start_workflow("Nobody", id="accepted", task_queue="nobody-polls-this")
    os.kill(state_of(up.stack, "temporal").pid, signal.SIGKILL)
    await until_back(up.stack, "temporal")
    found = await (await Client.connect(address)).get_workflow_handle("accepted").describe()
    assert found.run_id == started.result_run_id


async def test_the_state_tells_others_the_addresses_and_the_processes(up: Up) -> None:
    state = Home(up.home.path).read_state()
    assert state.ready
    assert state.pid == os.getpid()
    assert state.environment == up.stack.environment
    assert {process.name for process in state.processes} == {"postgres", "redis", "redis-limits", "temporal", "dummy"}
    assert all(is_alive(process.pid) for process in state.processes)


async def test_a_worker_is_told_its_home_and_finds_our_packages(up: Up) -> None:
    assert f"home {up.home.path} supervised 1" in up.home.log_file("dummy").read_text()


@pytest.mark.slow
async def test_two_homes_run_side_by_side_and_leave_nothing(up: Up, tmp_path: Path) -> None:
    stack = servers_only(Home(tmp_path / "other"))
    try:
        await stack.start()
        for name in (
            "MENTORA_POSTGRES_ADMIN_URL",
            "MENTORA_REDIS_CACHE_URL",
            "MENTORA_REDIS_LIMITS_URL",
            "TEMPORAL_ADDRESS",
        ):
            assert stack.environment[name] != up.stack.environment[name]
        assert await _fetch(stack.environment["MENTORA_POSTGRES_ADMIN_URL"], "SELECT to_regclass('kept')") is None
        pids = [process.pid for process in stack.states]
    finally:
        began = time.monotonic()
        await stack.stop()
    assert time.monotonic() - began < 10
    assert not any(is_alive(pid) for pid in pids)


@pytest.mark.slow
async def test_a_stopped_stack_comes_back_with_the_same_links_and_data(tmp_path: Path) -> None:
    links = []
    for query in ("CREATE TABLE kept AS SELECT 42", "SELECT * FROM kept"):
        stack = servers_only(Home(tmp_path / "home"))
        try:
            await stack.start()
            links.append(stack.temporal_ui_url)
            await _execute(stack.environment["MENTORA_POSTGRES_ADMIN_URL"], query)
        finally:
            await stack.stop()
    assert links[0] == links[1]


async def test_a_server_whose_address_is_given_is_not_started(tmp_path: Path) -> None:
    settings = Settings.model_construct(
        postgres_url="postgresql://elsewhere/mentora",
        redis_cache_url="redis://elsewhere",
        redis_limits_url="redis://elsewhere",
    )
    inherited = bare_environment() | {"TEMPORAL_ADDRESS": "elsewhere:7233"}
    stack = Stack(settings, Home(tmp_path / "home"), workers=(), inherited=inherited)
    try:
        await stack.start()
        assert stack.states == ()
        assert set(stack.environment) == {"MENTORA_HOME"}
    finally:
        await stack.stop()


async def test_preparing_comes_after_the_servers_and_before_the_workers(tmp_path: Path) -> None:
    settings = Settings.model_construct(postgres_url="postgresql://elsewhere/mentora")
    inherited = bare_environment() | {"TEMPORAL_ADDRESS": "elsewhere:7233"}
    home = Home(tmp_path / "home")
    stack = Stack(settings, home, workers=[dummy("dummy", "ready")], inherited=inherited)
    seen = []

    async def prepare(environment: object) -> None:
        seen.append(([process.name for process in stack.states], environment == inherited | stack.environment))

    try:
        await stack.start(prepare)
    finally:
        await stack.stop()
    assert seen == [(["redis", "redis-limits"], True)]


async def test_a_stack_with_a_part_missing_does_not_start(tmp_path: Path) -> None:
    stack = servers_only(Home(tmp_path / "home"), MENTORA_POSTGRES_BIN="/nowhere")
    try:
        with pytest.raises(PartMissing, match="MENTORA_POSTGRES_BIN"):
            await stack.start()
    finally:
        await stack.stop()
    assert stack.states == ()


@pytest.mark.parametrize(
    ("find", "variable"),
    [
        (postgres_folder, "MENTORA_POSTGRES_BIN"),
        (redis_program, "MENTORA_REDIS_BIN"),
        (temporal_program, "MENTORA_TEMPORAL_BIN"),
    ],
)
def test_a_program_that_is_not_where_somebody_said_is_missing(
    find: Callable[[Mapping[str, str]], Path], variable: str
) -> None:
    assert find({}).exists()
    with pytest.raises(PartMissing, match=variable):
        find({variable: "/nowhere"})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_without_user_namespaces_root_runs_the_database_as_nobody() -> None:
    folder = Path("/var/tmp") / f"mentora-nobody-{os.getpid()}"  # pytest's own folders keep others out
    home = Home(folder)
    home.acquire()
    postgres = Postgres(home, bare_environment(), unprivileged(user_namespaces=False))
    supervisor = Supervisor(home, lambda _: None)
    try:
        await supervisor.start([await postgres.plan()])
        await postgres.ensure()
        assert await _fetch(postgres.environment["MENTORA_POSTGRES_ADMIN_URL"], "SELECT 1") == 1
    finally:
        await supervisor.stop()
        home.release()
        shutil.rmtree(folder)


def test_each_role_has_a_process_and_transcription_as_many_as_asked() -> None:
    commands = worker_commands(Settings.model_construct(transcription_processes=2))
    assert [command.name for command in commands] == [
        *(
            "workflows",
            "media",
            "transcription-1",
            "transcription-2",
            "embedding",
            "quiz",
            "database",
            "relay",
            "gateway",
        ),
    ]
    assert {command.argv[-1] for command in commands if command.name.startswith("trans")} == {"transcription"}


async def _fetch(address: str, query: str) -> object:
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def _execute(address: str, statement: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
