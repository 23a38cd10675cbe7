"""`mentora up` and `mentora stop`, with real servers."""

import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.embedded.home import Home
from adapters.embedded.identity import birth
from adapters.embedded.state import ProcessPhase
from tests.adapters.embedded.running import is_alive, until
from tests.starters.cli.commands import finished, mentora, ready, start_mentora

pytestmark = [pytest.mark.servers, pytest.mark.slow]

UP = ("up", "--no-workers", "--json")


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """Where `mentora` is typed; whatever a failed test left running there is ended."""
    yield tmp_path
    await mentora(tmp_path, "stop")


def _pids(said: Any) -> list[int]:
    return [process["pid"] for process in said["processes"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_everything_within_ten_seconds(folder: Path, number: signal.Signals) -> None:
    up = await start_mentora(folder, *UP)
    said = await ready(up)
    assert all(is_alive(pid) for pid in _pids(said))
    began = time.monotonic()
    end = await finished(up, number)
    assert time.monotonic() - began < 10
    assert (end.status, end.out, end.err) == (0, '{"event": "stopped"}\n', "")
    assert not any(is_alive(pid) for pid in _pids(said))


async def test_ctrl_c_while_it_starts_leaves_nothing(folder: Path) -> None:
    up = await start_mentora(folder, *UP)
    home = folder / ".mentora"
    await until((home / "run" / "state.json").exists)
    end = await finished(up, signal.SIGINT)
    assert end.status == 0
    assert (await mentora(folder, "stop", "--json")).error["code"] == "not_running"
    assert not (home / "data" / "postgres" / "postmaster.pid").exists()


async def test_a_second_ctrl_c_does_not_wait(folder: Path) -> None:
    up = await start_mentora(folder, *UP)
    said = await ready(up)
    began = time.monotonic()
    up.send_signal(signal.SIGINT)
    state = Home(folder / ".mentora").read_state
    await until(lambda: state().processes[-1].phase is ProcessPhase.STOPPING)
    await finished(up, signal.SIGINT)
    assert time.monotonic() - began < 1  # Temporal alone takes longer to end by itself
    assert not any(is_alive(pid) for pid in _pids(said))


async def test_stop_ends_what_runs_in_another_terminal(folder: Path) -> None:
    up = await start_mentora(folder, *UP)
    said = await ready(up)
    stopped = await mentora(folder, "stop", "--json")
    assert (stopped.status, stopped.json["pid"]) == (0, up.pid)
    assert birth(up.pid) == ""
    assert not any(is_alive(pid) for pid in _pids(said))
    assert (await finished(up)).status == 0


async def test_a_home_in_use_is_refused_with_a_line_of_fact_and_a_line_of_cure(folder: Path) -> None:
    up = await start_mentora(folder, *UP)
    await ready(up)
    second = await mentora(folder, "up", "--no-workers")
    assert second.status == 80
    fact, cure = second.err.splitlines()
    assert "already runs" in fact
    assert "mentora stop" in cure
    await finished(up, signal.SIGTERM)


async def test_after_a_kill_nothing_is_left_running_and_the_next_start_has_the_data(folder: Path) -> None:
    up = await start_mentora(folder, *UP)
    said = await ready(up)
    await _execute(said, "CREATE TABLE kept AS SELECT 42")
    up.kill()
    await up.wait()
    again = await start_mentora(folder, *UP)  # at once: the old servers may still be ending
    said_again = await ready(again)
    assert not any(is_alive(pid) for pid in _pids(said))
    assert said_again["environment"] == said["environment"]
    await _execute(said_again, "SELECT * FROM kept")
    await finished(again, signal.SIGTERM)


async def test_a_person_is_told_the_addresses_and_what_to_type_next(folder: Path) -> None:
    up = await start_mentora(folder, "up", "--no-workers")
    assert up.stdout is not None
    lines = [(await up.stdout.readline()).decode() for _ in range(13)]
    text = "".join(lines)
    assert "✓ postgres" in text
    assert "Temporal UI http://127.0.0.1:" in text
    assert "mentora process LECTURE.mp4\n" in text
    assert "Stopped. Everything is kept." in (await finished(up, signal.SIGINT)).out


async def test_a_server_that_would_not_start_is_named_with_the_last_line_of_its_log(folder: Path) -> None:
    (folder / ".mentora" / "data" / "postgres").mkdir(parents=True)
    (folder / ".mentora" / "data" / "postgres" / "PG_VERSION").write_text("9\n")
    end = await mentora(folder, *UP)
    assert end.status == 82
    assert end.error["message"].startswith("postgres ended with ")
    assert not (folder / ".mentora" / "run" / "state.json").exists()


async def _execute(said: Any, statement: str) -> None:
    connection = await asyncpg.connect(said["environment"]["MENTORA_POSTGRES_ADMIN_URL"])
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
