"""The same sources with a guard taken out: a check that stays green on them proves nothing."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.faults import Fault, kill, parts_done, stage, strand
from tests.chaos.home import ROOT

_PACKAGES = ("schemas", "activities", "adapters", "workflows", "workers", "starters")


@dataclass(frozen=True)
class Mutant:
    """What is taken out, as (file, text that is there, text instead), and the faults that must then do harm."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    faults: tuple[Fault, ...]


_HEARS_AGAIN = (
    "activities/transcripts.py",
    "if stored := await self._transcripts.find_part(part):",
    "if (stored := await self._transcripts.find_part(part)) and not part:",
)

MUTANTS = (
    Mutant("a stored part is heard again", (_HEARS_AGAIN,), (strand(stage("transcript")),)),
    Mutant(
        "whoever comes second stores its segments too",
        (
            _HEARS_AGAIN,
            ("adapters/postgres/transcripts.py", "AND number = $3 AND done_at IS NULL", "AND number = $3"),
            (
                "adapters/postgres/migrations/0004_transcripts.sql",
                "    PRIMARY KEY (creator_id, transcript_id, part_number, position),\n",
                "",
            ),
        ),
        (strand(stage("transcript")),),
    ),
    Mutant(
        "nobody notices a silent worker",
        (("workflows/options.py", "HEARTBEAT = _seconds(10)", "HEARTBEAT = _hours(10)"),),
        (kill("transcription-1", parts_done(2)), kill("transcription-2", parts_done(3))),
    ),
    Mutant(
        "a store that is away counts as a failure",
        (
            ("adapters/temporal/attempts.py", "MAX_FAILURES = 3", "MAX_FAILURES = 1"),
            (
                "adapters/temporal/attempts.py",
                "_wait(error, tally)",
                # But not for the step that writes the failure, or the video would be `processing` for ever.
                "_wait(error, tally) if info.activity_type == 'fail_video' else _fail(error, tally, None)",
            ),
        ),
        (kill("postgres", parts_done(1)), kill("postgres", parts_done(2)), kill("postgres", parts_done(3))),
    ),
)


def mutated_tree(folder: Path, mutant: Mutant) -> Path:
    """A copy of the sources with the mutant's changes; each must find its text exactly once."""
    for package in _PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for path, there, instead in mutant.changes:
        text = (folder / path).read_text()
        assert text.count(there) == 1, f"{path} does not hold {there!r} once: mend the mutant"
        (folder / path).write_text(text.replace(there, instead))
    return folder
