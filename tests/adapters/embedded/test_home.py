"""One state folder: its lock, its state file and its private folders."""

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from adapters.embedded.home import Home, private_folder
from adapters.embedded.identity import birth
from adapters.embedded.ports import Ports
from adapters.embedded.state import HomeState
from schemas.errors import HomeInUse, NotRunning, SettingsInvalid

HOLD_AND_WRITE = """
import os, sys, time
from pathlib import Path
from adapters.embedded.home import Home
from adapters.embedded.identity import birth
from adapters.embedded.state import HomeState
home = Home(Path(sys.argv[1]))
home.acquire()
home.write_state(HomeState(pid=os.getpid(), born=birth(os.getpid())))
print("held", flush=True)
time.sleep(600)
"""


def test_one_home_is_used_by_one_at_a_time(tmp_path: Path) -> None:
    first, second = Home(tmp_path / "home"), Home(tmp_path / "home")
    first.acquire()
    try:
        with pytest.raises(HomeInUse, match="already runs"):
            second.acquire()
    finally:
        first.release()
    second.acquire()
    second.release()


def test_all_folders_of_a_home_are_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.acquire()
    try:
        for folder in (home.path, home.data, home.logs, home.run, home.objects, home.models, home.sockets):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        home.release()


def test_a_socket_fits_however_long_the_path_of_its_home(tmp_path: Path) -> None:
    home = Home(tmp_path / ("a" * 200) / ("b" * 200))
    assert len(os.fsencode(home.sockets / "postgres" / ".s.PGSQL.5432.lock")) < 107


def test_a_socket_folder_that_somebody_else_prepared_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsInvalid, match="not a private folder"):
        private_folder(tmp_path / "link")


def test_a_socket_folder_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    with pytest.raises(SettingsInvalid, match="not a private folder"):
        private_folder(tmp_path / "open")


def test_a_home_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsInvalid, match="MENTORA_HOME"):
        Home(tmp_path / "file" / "home").acquire()


def test_nothing_runs_in_a_home_that_nobody_holds(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        Home(tmp_path / "home").read_state()


def test_the_state_is_there_while_the_home_is_held(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.acquire()
    written = HomeState(pid=os.getpid(), born=birth(os.getpid()), environment={"TEMPORAL_ADDRESS": "here"})
    home.write_state(written)
    assert Home(home.path).read_state() == written
    home.release()
    with pytest.raises(NotRunning):
        Home(home.path).read_state()


async def test_the_state_that_a_killed_holder_left_is_recognised_and_handed_to_the_next(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    arguments = ("-c", HOLD_AND_WRITE, str(home.path))
    holder = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    assert home.read_state().pid == holder.pid
    holder.kill()
    await holder.wait()
    with pytest.raises(NotRunning):
        home.read_state()
    left_behind = home.acquire()
    assert left_behind is not None
    assert left_behind.pid == holder.pid
    home.release()


def test_a_large_log_is_put_aside_when_its_process_is_first_started(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.acquire()
    home.log_file("postgres").write_bytes(b"x" * 10_000_001)
    home.rotate_log("postgres")
    home.release()
    assert not home.log_file("postgres").exists()
    assert (home.logs / "postgres.log.1").stat().st_size == 10_000_001


def test_two_homes_have_different_ports_and_each_keeps_its_own(tmp_path: Path) -> None:
    homes = [Home(tmp_path / name) for name in ("one", "two")]
    for home in homes:
        home.acquire()
    claims = [Ports(home) for home in homes]
    first = [claim.claim("temporal", 17233) for claim in claims]
    assert first[0] != first[1]
    for claim in claims:
        claim.release()
    again = [Ports(home) for home in reversed(homes)]
    assert [claim.claim("temporal", 17233) for claim in again] == list(reversed(first))
    for claim, home in zip(again, homes, strict=True):
        claim.release()
        home.release()
