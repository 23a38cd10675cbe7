"""Every command that a page tells a reader to type is run here, or is held to where it is run.

A new line in a fence of these pages has no entry in the table below, and is red until it gets one.
"""

import asyncio
import json
import os
import re
import shlex
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from schemas.worker_roles import WorkerRole
from tests.docs.compose import REQUIRED, SERVICES
from tests.docs.pages import ROOT, commands
from tests.starters.cli.commands import mentora
from tests.surroundings import bare_environment

PAGES = ("README.md", "docs/operations.md")
Check = Callable[[str, Path], Awaitable[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """Where a reader stands who has typed `make demo`: the sample is there and was processed, nothing runs."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "samples").symlink_to(ROOT / "samples")
    demo = re.search(r"^demo:.*\n\t@\$\(BIN\)/mentora (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert demo is not None
    end = await mentora(folder, *demo[1].split())
    assert end.status == 0, end.err
    assert "Quiz (" in end.out
    yield folder


async def typed(command: str, folder: Path) -> None:
    """Run as it stands, with what `source .venv/bin/activate` puts on the path."""
    end = await mentora(folder, *shlex.split(command)[1:])
    assert end.status == 0, end.err
    assert end.out
    if "--output" in command:
        assert (folder / "lecture.vtt").read_text().startswith("WEBVTT")


async def helped(command: str, folder: Path) -> None:
    """Run for seconds in tests/starters/cli/test_up.py; here it only has to be a command."""
    end = await mentora(folder, shlex.split(command)[1], "--help")
    assert end.status == 0


async def target(command: str, folder: Path) -> None:
    """`demo` is the fixture above, `test` and `setup` are what runs this test."""
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE)


async def worker(command: str, folder: Path) -> None:
    """Run by tests/chaos, which starts every role; here the role has to exist."""
    assert shlex.split(command)[-1] in {str(role) for role in WorkerRole}
    assert (await _run([sys.executable, *shlex.split(command)[1:], "--help"], ROOT))[0] == 0


async def migration(command: str, folder: Path) -> None:
    """Run on a real server in tests/starters/test_migrate.py; here without an address, which it asks for."""
    status, out = await _run([sys.executable, *shlex.split(command)[1:]], folder)
    assert (status, "MENTORA_POSTGRES_ADMIN_URL is not set" in out) == (78, True)


async def python(command: str, folder: Path) -> None:
    """A program of ours, run as it stands from the checkout."""
    status, out = await _run([sys.executable, *shlex.split(command)[1:]], ROOT)
    assert status == 0, out


async def namespace(command: str, folder: Path) -> None:
    """Run on a real Temporal below."""
    assert (ROOT / shlex.split(command)[1]).exists()


async def container(command: str, folder: Path) -> None:
    """No engine here: tests/docs/test_compose.py holds the file; here its name and the services have to exist."""
    words = shlex.split(command)
    assert words[:2] == ["docker", "compose"]
    assert (ROOT / words[words.index("--file") + 1]).exists()
    if "--scale" in words:
        assert words[words.index("--scale") + 1].partition("=")[0] in SERVICES
    if "run" in words:
        service, *arguments = words[words.index("--volume") + 2 :]
        assert SERVICES[service]["entrypoint"] == ["python", "-m", "starters.cli"]
        await helped(f"mentora {arguments[0]}", folder)


async def secrets(command: str, folder: Path) -> None:
    """It leaves a line in `.env` for each password that the compose file asks for."""
    status, out = await _run(["bash", "-c", command], folder)
    assert status == 0, out
    asked = set(re.findall(r"^\w+", (folder / ".env").read_text(), re.MULTILINE))
    (folder / ".env").unlink()
    assert asked == REQUIRED


async def exported(command: str, folder: Path) -> None:
    """It takes the addresses over from what runs, whatever is in them."""
    state = folder / ".mentora" / "run" / "state.json"
    state.write_text(json.dumps({"environment": {"TEMPORAL_ADDRESS": "127.0.0.1:7233", "MENTORA_HOME": "a b'c"}}))
    status, out = await _run(["bash", "-c", f'{command}\necho "$TEMPORAL_ADDRESS $MENTORA_HOME"'], folder)
    state.unlink()
    assert (status, out) == (0, "127.0.0.1:7233 a b'c\n")


TABLE: dict[str, Check] = {
    "make demo": target,
    "make test": target,
    "mentora up": helped,
    "mentora stop": helped,
    "mentora process samples/lecture.mp4": typed,
    "mentora status": typed,
    "mentora status samples/lecture.mp4": typed,
    'mentora search "why do earthquakes happen" --limit 3': typed,
    "mentora show samples/lecture.mp4 --quiz --answers": typed,
    "mentora captions samples/lecture.mp4 --output lecture.vtt": typed,
    "mentora doctor": typed,
    "mentora keys create website --creator me": typed,
    "mentora keys list --creator me": typed,
    "python -m starters.migrate --passwords": migration,
    "sh deploy/temporal/create-namespace.sh": namespace,
    **{f"python -m workers {role}": worker for role in WorkerRole},
    "python -m starters.replay check tests/replay/histories": python,
}
BY_BEGINNING: dict[str, Check] = {
    "docker compose ": container,
    "for name in TEMPORAL_DATABASE ": secrets,
    'eval "$(python -c ': exported,
}
TYPED = list(dict.fromkeys(line for page in PAGES for line in commands(ROOT / page)))


def _check(command: str) -> Check | None:
    return TABLE.get(command) or next((c for start, c in BY_BEGINNING.items() if command.startswith(start)), None)


def test_every_command_of_the_pages_is_covered_and_nothing_is_covered_that_is_gone() -> None:
    assert [command for command in TYPED if _check(command) is None] == []
    assert [command for command in TABLE if command not in TYPED] == []
    assert [start for start in BY_BEGINNING if not any(command.startswith(start) for command in TYPED)] == []


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize("command", TYPED)
async def test_a_command_of_the_pages_does_what_it_says(command: str, folder: Path) -> None:
    check = _check(command)
    assert check is not None
    await check(command, folder)


def test_the_check_of_a_clean_checkout_is_the_readmes_test_command() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "make test"


async def _run(argv: list[str], folder: Path) -> tuple[int, str]:
    """Exit status, and both outputs together."""
    environment = bare_environment() | {"PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=folder, env=environment, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()
