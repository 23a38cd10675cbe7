"""1,000 students with think time, on the machine that also serves them: what an answer takes, and what it costs.

k6 is the load (benchmarks/load.js). It shares the cores with the gateway, PostgreSQL, both Redis, Temporal and all
workers, as `mentora up` runs them; the workers are idle, for every lecture is done before.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2

from adapters.embedded.home import Home
from adapters.tokens.development import DevelopmentTokens
from benchmarks.cores import Cores
from benchmarks.counted import Counted
from benchmarks.machine import machine
from schemas.callers import Caller, Role
from schemas.ids import creator_id, student_id
from tests.chaos.home import ROOT, RunningHome, running_home

USERS = 1_000
THINK_SECONDS = 3.3  # 300 requests a second
RAMP_SECONDS = 20
HOLD_SECONDS = 120
CREATORS = 5
LECTURES = 2  # of each creator
K6 = Path(sys.executable).parent / "k6"
QUESTIONS = (
    "why do earthquakes happen",
    "what is erosion",
    "how hot is the mantle",
    "what causes the tide",
    "what is a glacier",
    "where is the largest desert",
    "how does lava become stone",
    "what is a delta",
)
# What load.js calls them, and the routes whose metrics they are.
ROUTES = {
    "list": "/api/videos",
    "detail": "/api/videos/{video_id}",
    "transcript": "/api/videos/{video_id}/transcript",
    "captions": "/api/videos/{video_id}/captions.vtt",
    "watch": "/api/videos/{video_id}/watch",
    "search": "/api/search",
    "play": "/api/videos/{video_id}/media",
    "quiz": "/api/quizzes/{quiz_id}",
    "attempt": "/api/quizzes/{quiz_id}/attempts",
    "chat": "/api/chat",
}


@dataclass(frozen=True)
class Figures:
    """What k6 saw, what the gateway counted meanwhile, and who used the cores."""

    summary: dict[str, Any]
    counted: Counted
    cores: str

    def lines(self) -> Iterator[str]:
        """The table, then the totals."""
        yield f"{'endpoint':<12}{'requests':>9}{'p50 ms':>8}{'p95 ms':>8}{'p99 ms':>8}{'statements':>12}"
        metrics = self.summary["metrics"]
        for name, route in ROUTES.items():
            seen = metrics[f"http_req_duration{{name:{name}}}"]["values"]
            times = "".join(f"{seen[key]:>8.0f}" for key in ("med", "p(95)", "p(99)"))
            yield f"{name:<12}{seen['count']:>9.0f}{times}{self.counted.statements(route):>12.1f}"
        every, requests = metrics["http_req_duration"]["values"], metrics["http_reqs"]["values"]
        yield f"all: p50 {every['med']:.0f} ms, p95 {every['p(95)']:.0f} ms, p99 {every['p(99)']:.0f} ms"
        failed = metrics["http_req_failed"]["values"]["rate"] * 100
        held = metrics["held"]["values"]["count"] / HOLD_SECONDS
        yield f"requests: {requests['count']:.0f}, {held:.0f} a second once all were there, {failed:.3f} % failed"
        yield f"a statement in PostgreSQL: p95 {self.counted.statement_p95() * 1_000:.1f} ms"
        for cache, (hits, reads) in sorted(self.counted.cache().items()):
            yield f"cache {cache}: {hits / max(reads, 1) * 100:.1f} % of {reads:.0f} reads were hits"
        hits, reads = (sum(part) for part in zip(*self.counted.cache().values(), strict=True))
        yield f"all caches: {hits / max(reads, 1) * 100:.1f} % of {reads:.0f} reads were hits"
        yield self.cores


async def _measure(folder: Path) -> Figures:
    async with running_home(folder / "home", transcription_processes=2) as home:
        await _make_lectures(home, folder)
        targets = folder / "targets.json"
        targets.write_text(json.dumps(await _targets(home)))
        async with httpx2.AsyncClient(base_url=home.state().environment["MENTORA_API_URL"]) as gateway:
            before, cores = await Counted.of(gateway), Cores(home.state(), "k6")
            summary = await _load(folder, targets)
            used = cores.line()
            return Figures(summary, (await Counted.of(gateway)).since(before), used)


async def _make_lectures(home: RunningHome, folder: Path) -> None:
    """Each creator has the sample lecture several times over, each time with other bytes at its end."""
    sample = (ROOT / "samples" / "lecture.mp4").read_bytes()
    for creator in range(CREATORS):
        videos = []
        for lecture in range(LECTURES):
            path = folder / f"lecture-{creator}-{lecture}.mp4"
            path.write_bytes(sample + b"\x00\x00\x00\x10free" + f"{creator:04d}{lecture:04d}".encode())
            videos.append(path)
        await home.process(*videos, creator=f"creator-{creator}")
    await home.rows("UPDATE videos SET published = true RETURNING id")


async def _targets(home: RunningHome) -> dict[str, Any]:
    tokens = DevelopmentTokens(Home(home.folder).development_key)
    students = []
    for number in range(USERS):
        creator = creator_id(f"creator-{number % CREATORS}")
        student = student_id(creator, f"student-{number}")
        caller = Caller(role=Role.STUDENT, subject=f"user-{number}", creator_id=creator, student_id=student)
        students.append({"token": tokens.issue(caller, 3_600), **await _theirs(home, creator, student, number)})
    url = home.state().environment["MENTORA_API_URL"]
    return {"url": url, "students": students, "questions": QUESTIONS}


async def _theirs(home: RunningHome, creator: UUID, student: UUID, number: int) -> dict[str, list[str]]:
    """Enrol the student; return what there is to see."""
    rows = await home.rows(
        """WITH student AS (INSERT INTO students (creator_id, id, whop_user_id) VALUES ($1, $2, $3) RETURNING id),
                member AS (INSERT INTO memberships (creator_id, id, student_id, whop_membership_id, status)
                           SELECT $1, gen_random_uuid(), id, $3, 'active' FROM student)
           SELECT video_id, id FROM quizzes WHERE creator_id = $1""",
        creator,
        student,
        f"user-{number}",
    )
    return {"videos": [str(row["video_id"]) for row in rows], "quizzes": [str(row["id"]) for row in rows]}


async def _load(folder: Path, targets: Path) -> dict[str, Any]:
    summary = folder / "summary.json"
    given = {
        "TARGETS": str(targets),
        "SUMMARY": str(summary),
        "USERS": str(USERS),
        "RAMP_SECONDS": str(RAMP_SECONDS),
        "SECONDS": str(HOLD_SECONDS),
        "THINK_SECONDS": str(THINK_SECONDS),
    }
    argv = [str(K6), "run", "--quiet", "--no-usage-report", "--address", "", str(ROOT / "benchmarks" / "load.js")]
    k6 = await asyncio.create_subprocess_exec(*argv, env=os.environ | given)
    assert await k6.wait() == 0, "k6 could not run the load"
    found: dict[str, Any] = json.loads(summary.read_text())
    return found


def main(runs: int = 1) -> None:
    """Print the tables."""
    for _ in range(runs):
        print(machine())
        with tempfile.TemporaryDirectory() as folder:
            for line in asyncio.run(_measure(Path(folder))).lines():
                print(line)


if __name__ == "__main__":
    main()
