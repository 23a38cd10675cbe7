"""The story that the tests of `process` and of the reading commands share: it is told once a session."""

import signal
import time

import psutil
import pytest
import pytest_asyncio

from adapters.embedded.identity import birth
from tests.starters.cli.commands import Finished, finished, mentora, start_mentora
from tests.starters.cli.story import LECTURE, Story, bad_files


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("lecture")
    command = await start_mentora(folder, "process", str(LECTURE))
    assert command.stdout is not None
    said = ""
    while "transcript 1 of" not in said and (line := await command.stdout.readline()):
        said += line.decode()
    children = psutil.Process(command.pid).children(recursive=True)
    born = {child.pid: birth(child.pid) for child in children}
    began = time.monotonic()
    end = await finished(command, signal.SIGINT)
    seconds = time.monotonic() - began
    left = [child.name() for child in children if birth(child.pid) and birth(child.pid) == born[child.pid]]
    return Story(
        folder,
        Finished(end.status, said + end.out, end.err),
        seconds,
        left,
        # The limit is for the bad files; the lecture's sound was extracted before, under another.
        await mentora(folder, "process", str(LECTURE), *bad_files(folder), "--json", MENTORA_MAX_VIDEO_HOURS="0.01"),
    )
