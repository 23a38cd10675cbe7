"""No child outlives its parent, its time or its caller's patience; none sees or uses what is not its own."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from adapters.media import process
from adapters.media.binaries import Confiners, find_confiners
from adapters.media.confinement import Limits, confined, working
from schemas.errors import MediaTooDemanding

CONFINERS = working(find_confiners(), Limits())
SHELL = "/bin/sh"
PSUTIL: Any = psutil  # it has no types


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    before = set(PSUTIL.Process().children(recursive=True))
    yield
    assert set(PSUTIL.Process().children(recursive=True)) <= before


def ignore(_: bytes) -> None:
    """Not this time."""


def guarded(argv: list[str], folder: Path, limits: Limits, confiners: Confiners = CONFINERS) -> list[str]:
    source = folder.parent / "source"
    source.write_bytes(b"the lecture")
    readable = sorted({Path(sys.base_prefix), Path(sys.prefix)})
    return confined(argv, confiners, limits, folder, source, readable)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "job"
    made.mkdir()
    return made


async def test_output_is_handed_over_and_the_end_of_the_complaints_is_kept(folder: Path) -> None:
    parts: list[bytes] = []
    script = "echo out; i=0; while [ $i -lt 5000 ]; do echo complaint $i >&2; i=$((i+1)); done; exit 7"
    finished = await process.run([SHELL, "-c", script], folder, 20, parts.append)
    assert (b"".join(parts), finished.status) == (b"out\n", 7)
    assert len(finished.errors) <= process.ERROR_TAIL_BYTES
    assert finished.errors.endswith("complaint 4999\n")


async def test_a_child_sees_nothing_of_our_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORA_OPENAI_API_KEY", "canary")
    parts: list[bytes] = []
    await process.run(["/usr/bin/env"], folder, 20, parts.append)
    assert sorted(line.partition(b"=")[0] for line in b"".join(parts).splitlines()) == [b"LANG", b"PATH"]


async def test_a_child_beyond_its_time_is_ended_with_its_whole_family(folder: Path) -> None:
    with pytest.raises(MediaTooDemanding):
        await process.run([SHELL, "-c", "sleep 60 & sleep 61"], folder, 0.2, ignore)


async def test_cancelling_asks_first(folder: Path) -> None:
    parts: list[bytes] = []
    script = "trap 'echo yes > asked; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    work = asyncio.create_task(process.run([SHELL, "-c", script], folder, 20, parts.append))
    while not parts:
        await asyncio.sleep(0.02)
    work.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert time.monotonic() - began < process.GRACE_SECONDS
    assert [path.name for path in folder.iterdir()] == ["asked"]


@pytest.mark.slow
async def test_a_child_that_does_not_listen_is_killed(folder: Path) -> None:
    parts: list[bytes] = []
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    work = asyncio.create_task(process.run([SHELL, "-c", script], folder, 20, parts.append))
    while not parts:
        await asyncio.sleep(0.02)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_a_second_cancellation_does_not_wait(folder: Path) -> None:
    parts: list[bytes] = []
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    work = asyncio.create_task(process.run([SHELL, "-c", script], folder, 20, parts.append))
    while not parts:
        await asyncio.sleep(0.02)
    work.cancel()
    await asyncio.sleep(0.1)
    work.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert time.monotonic() - began < 1


async def test_a_child_dies_with_a_parent_that_is_killed(folder: Path) -> None:
    argv = guarded(["/bin/sleep", "61.7"], folder, Limits())
    start = f"subprocess.Popen({argv!r}, stdout=subprocess.DEVNULL)"
    program = f"import subprocess, time; print({start}.pid, flush=True); time.sleep(60)"
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = PSUTIL.Process(int(await parent.stdout.readline()))
    await asyncio.sleep(0.3)
    family = [child, *child.children(recursive=True)]
    parent.kill()
    await parent.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, 5)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize(
    ("program", "limits", "ends"),
    [
        ("while True: pass", Limits(cpu_seconds=1), -signal.SIGXCPU),
        ("open('big', 'wb').write(bytes(3_000_000))", Limits(output_bytes=1_000_000), 1),
        ("bytes(2_000_000_000)", Limits(), 1),
        ("[open('/dev/null') for _ in range(100)]", Limits(), 1),
    ],
)
async def test_a_child_beyond_a_limit_is_stopped(folder: Path, program: str, limits: Limits, ends: int) -> None:
    argv = guarded([sys.executable, "-I", "-c", program], folder, limits)
    finished = await process.run(argv, folder, 30, ignore)
    assert finished.status == ends
    assert not (folder / "big").exists() or (folder / "big").stat().st_size <= limits.output_bytes


async def test_a_child_finds_the_lecture_under_a_fixed_name_and_no_neighbours(folder: Path) -> None:
    parts: list[bytes] = []
    await process.run(guarded([SHELL, "-c", "ls; cat input"], folder, Limits()), folder, 20, parts.append)
    assert b"".join(parts) == b"input\nthe lecture"


@pytest.mark.skipif(not CONFINERS.bwrap, reason="no working bwrap here")
async def test_in_the_sandbox_there_is_no_network_and_no_file_of_ours(folder: Path) -> None:
    secret = folder.parent / "secret"
    secret.write_text("canary")
    program = (
        "import os, socket\n"
        f"ours = ({str(secret)!r}, {__file__!r}, '/etc/passwd', '/proc/1/environ', '/home')\n"
        "seen = [path for path in ours if os.path.exists(path)]\n"
        "try: socket.create_connection(('127.0.0.1', {port}), 1); seen.append('network')\n"
        "except OSError: pass\n"
        "try: open('input', 'ab'); seen.append('writable')\n"
        "except OSError: pass\n"
        "print(os.getcwd(), seen)"
    )
    parts: list[bytes] = []
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        program = program.replace("{port}", str(server.sockets[0].getsockname()[1]))
        argv = guarded([sys.executable, "-I", "-c", program], folder, Limits())
        finished = await process.run(argv, folder, 20, parts.append)
    assert (b"".join(parts), finished.errors) == (b"/job []\n", "")


def test_guards_that_do_not_work_here_are_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    found = working(Confiners(prlimit=str(tmp_path / "nothing"), bwrap=str(broken)), Limits())
    assert found == Confiners()
    assert os.access(broken, os.X_OK)
