"""The short slice of the chaos that every `make test` runs: kills, a frozen worker, and Ctrl-C."""

import asyncio
import signal
from pathlib import Path

import psutil
import pytest

from tests.chaos.faults import freeze, inflict, kill, parts_done, stage, strand
from tests.chaos.home import ROOT, running_home
from tests.chaos.invariants import broken

pytestmark = [pytest.mark.slow, pytest.mark.servers]


async def test_the_sample_survives_the_death_of_everything_it_needs(tmp_path: Path) -> None:
    strikes = [strand(stage("transcript"))]
    kills = [kill(name, parts_done(2)) for name in ("temporal", "postgres", "redis", "redis-limits")]
    async with running_home(tmp_path / "home") as home:
        async with asyncio.timeout(180):
            made, struck = await asyncio.gather(
                home.process(ROOT / "samples" / "lecture.mp4"),
                inflict(home, strikes, [freeze(parts_done(1)), *kills]),
            )
        assert made["status"] == "completed", made
        assert len(struck) == 6
        assert await broken(home) == []
        assert (len(made["quiz"]["questions"]), made["chunks"]) == (10, 4)
        assert 380 < made["transcript"]["words"] < 400  # 391 are spoken, 392 heard undisturbed


async def test_the_next_up_goes_on_with_the_lecture_that_ctrl_c_interrupted(tmp_path: Path) -> None:
    async with running_home(tmp_path / "home") as home:
        watching = await home.start_processing(ROOT / "samples" / "lecture.mp4")
        while not (await home.rows(parts_done(1)))[0][0]:
            await asyncio.sleep(0.02)
        watching.send_signal(signal.SIGINT)
        await watching.communicate()
        pids = [process.pid for process in home.state().processes]
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 10
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    async with running_home(tmp_path / "home") as home, asyncio.timeout(60):
        while (await home.rows("SELECT status FROM videos"))[0][0] != "completed":
            await asyncio.sleep(0.05)
        assert await broken(home) == []
