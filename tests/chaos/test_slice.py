"""The short slice of the chaos that every `make test` runs: workers, a frozen one, Temporal, PostgreSQL, Redis."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.faults import freeze, inflict, kill, parts_done, stage, strand
from tests.chaos.home import ROOT, running_home
from tests.chaos.invariants import broken

pytestmark = [pytest.mark.slow, pytest.mark.servers]


async def test_the_sample_survives_the_death_of_everything_it_needs(tmp_path: Path) -> None:
    faults = [
        strand(stage("transcript")),
        freeze("transcription-2", parts_done(1)),
        kill("temporal", parts_done(2)),
        kill("postgres", parts_done(2)),
        kill("redis", parts_done(2)),
    ]
    async with running_home(tmp_path / "home") as home:
        async with asyncio.timeout(180):
            made, struck = await asyncio.gather(home.process(ROOT / "samples" / "lecture.mp4"), inflict(home, faults))
        assert made["status"] == "completed", made
        assert len(struck) == len(faults)
        assert await broken(home) == []
