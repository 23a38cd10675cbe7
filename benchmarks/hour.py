"""One hour of speech, from the event to completed with a quiz, beside the bare decoding of the same audio.

The hour is 44 seconds of recorded human speech in a loop, with pauses, under a slide, and our sample lecture at the
end: no real lecture with a transcript comes in any package.
"""

import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import machine, spread
from benchmarks.memory import PeakMemory
from benchmarks.raw_decoding import raw_decoding_seconds
from tests.chaos.home import ROOT, RunningHome, running_home
from tests.recorded_lectures import long_lecture, long_lecture_text, readings
from tests.recordings import word_error_rate

CACHE = ROOT / ".cache" / "benchmarks"


@dataclass(frozen=True)
class Run:
    """Seconds, bytes and shares of one run."""

    completed: float
    first_lines: float
    peak_bytes: int
    word_error_rate: float
    questions: int
    raw: float


async def _figures(home: RunningHome, minutes: float) -> tuple[float, float, float, int]:
    times = await home.rows(
        """SELECT extract(epoch FROM v.completed_at - v.created_at) AS completed,
                  extract(epoch FROM p.done_at - v.created_at) AS first_lines
           FROM videos v JOIN transcript_parts p ON p.video_id = v.id AND p.number = 0"""
    )
    texts = await home.rows("SELECT text FROM segments ORDER BY part_number, position")
    heard = " ".join(row["text"] for row in texts)
    wrong = word_error_rate(long_lecture_text(minutes), heard)
    questions = (await home.rows("SELECT count(*) FROM questions"))[0][0]
    return float(times[0]["completed"]), float(times[0]["first_lines"]), wrong, questions


async def _run(video: Path, minutes: float) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        async with running_home(Path(folder) / "home", transcription_processes=os.cpu_count() or 1) as home:
            await asyncio.sleep(25)  # the models are loaded behind the workers' start: this is a service that runs
            watching = await home.start_processing(video)
            async with PeakMemory(home.state().pid, watching.pid) as peak:
                made, _ = await watching.communicate()
            assert b'"completed"' in made, made
            completed, first, wrong, questions = await _figures(home, minutes)
    raw = await asyncio.to_thread(raw_decoding_seconds, video)
    return Run(completed, first, peak.bytes, wrong, questions, raw)


def main(runs: int = 3, minutes: float = 60) -> None:
    """Print the medians."""
    print(machine())
    video = CACHE / f"{minutes:g}-minutes-and-sample.mp4"
    if not video.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        long_lecture(video, minutes)
    results = []
    for number in range(1, runs + 1):
        began = time.monotonic()
        results.append(asyncio.run(_run(video, minutes)))
        print(f"run {number}: {results[-1]} in {time.monotonic() - began:.0f} s")
    speech = f"{readings(minutes)} readings of 44 s of recorded speech, with pauses, and the sample lecture"
    print(f"{minutes:g} minutes of speech: {speech}")
    print(spread("event to completed with quiz", [run.completed for run in results], "s"))
    print(spread("event to first lines readable", [run.first_lines for run in results], "s"))
    print(spread("bare decoding of the same audio", [run.raw for run in results], "s"))
    print(spread("whole over bare decoding", [run.completed / run.raw for run in results], "x"))
    print(spread("peak memory of all processes", [run.peak_bytes / 2**30 for run in results], "GiB"))
    print(spread("word error rate", [run.word_error_rate * 100 for run in results], "%"))
    print(spread("questions", [run.questions for run in results], ""))


if __name__ == "__main__":
    main()
