"""A story that changed would go another way than the runs that are still on theirs. These histories are real runs.

Until the first release they are recorded again, deliberately, when a story changes: `make histories`.
"""

from pathlib import Path

import pytest

from starters.replay import replay

FOLDER = Path(__file__).parent / "histories"
HISTORIES = sorted(FOLDER.glob("*.json"))


def test_every_way_a_story_can_end_is_recorded() -> None:
    assert {file.stem for file in HISTORIES} == {
        "completed",
        "quiz",
        "retried",
        "failed",
        "cancelled",
        "edited",
        "deleted",
    }
    assert '"attempt": 2' in (FOLDER / "retried.json").read_text()


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_the_history_replays(file: Path) -> None:
    assert await replay([file]) == {}


async def test_a_story_that_would_go_another_way_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "completed.json").read_text()
    assert '"fetch_source"' in text
    changed = tmp_path / "changed.json"
    changed.write_text(text.replace('"fetch_source"', '"fetch_another"'))
    failures = await replay([changed])
    assert "TMPRL1100" in str(failures["changed.json"])


def test_no_history_names_the_machine_that_recorded_it() -> None:
    for file in HISTORIES:
        text = file.read_text()
        assert '"stackTrace"' not in text
        assert text.count('"identity"') == text.count('"identity": "worker"')
