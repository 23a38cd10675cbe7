"""`make chaos`: a ten-minute lecture, everything killed in turn, and the same again without the guards."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.chaos.faults import Fault, freeze, inflict, kill, parts_done, stage, strand
from tests.chaos.home import ROOT, RunningHome, running_home
from tests.chaos.invariants import broken, content
from tests.chaos.mutants import MUTANTS, Mutant, mutated_tree
from tests.recorded_lectures import long_lecture

pytestmark = [pytest.mark.chaos, pytest.mark.servers]

EVERYTHING = (
    [kill("relay", "SELECT count(*) FROM outbox"), kill("media", stage("audio"))],
    [strand(stage("transcript"))],
    [
        kill("workflows", parts_done(1)),
        kill("database", parts_done(1)),
        kill("transcription-1", parts_done(2)),
        kill("transcription-2", parts_done(2)),
    ],
    [
        freeze(parts_done(3)),
        kill("temporal", parts_done(3)),
        kill("postgres", parts_done(4)),
        kill("redis", parts_done(4)),
        kill("redis-limits", parts_done(4)),
    ],
    [kill("embedding", stage("chunks")), kill("quiz", stage("chunks"))],
)

SECONDS = 240  # undisturbed it takes half a minute


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_lecture(tmp_path_factory.mktemp("film") / "ten-minutes.mp4", minutes=10)


async def _survive(home: RunningHome, lecture: Path, *phases: list[Fault]) -> list[str]:
    async with asyncio.timeout(SECONDS):
        made, struck = await asyncio.gather(home.process(lecture), inflict(home, *phases))
    unstruck = [fault.name for phase in phases for fault in phase if fault.name not in struck]
    return [f"the video is {made['status']}"] * (made["status"] != "completed") + unstruck + await broken(home)


async def test_everything_is_killed_and_what_is_made_is_the_same(tmp_path: Path, lecture: Path) -> None:
    async with running_home(tmp_path / "quiet") as home:
        assert await _survive(home, lecture) == []
        undisturbed = await content(home)
    async with running_home(tmp_path / "killed") as home:
        assert await _survive(home, lecture, *EVERYTHING) == []
        assert await content(home) == undisturbed


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_without_a_guard_the_same_chaos_is_red(tmp_path: Path, lecture: Path, mutant: Mutant) -> None:
    tree = mutated_tree(tmp_path / "tree", mutant)
    async with running_home(tmp_path / "home", tree) as home:
        try:
            harm = await _survive(home, lecture, list(mutant.faults))
        except TimeoutError:
            harm = ["the video was not completed in time"]
    shutil.rmtree(tree)
    assert harm != [], f"nobody noticed that {mutant.name}"


def test_a_mutant_is_a_copy_that_differs(tmp_path: Path) -> None:
    for mutant in MUTANTS:
        tree = mutated_tree(tmp_path / mutant.name.replace(" ", "-"), mutant)
        for path, _, _ in mutant.changes:
            assert (tree / path).read_text() != (ROOT / path).read_text()
