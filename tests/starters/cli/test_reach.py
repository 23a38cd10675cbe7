"""Commands about videos where nothing runs, and arguments that are refused before anything is started."""

from pathlib import Path

import pytest

from tests.starters.cli.commands import mentora


@pytest.mark.parametrize(
    "command", [("status",), ("show", "76ed"), ("search", "tides"), ("captions", "76ed", "--format", "srt")]
)
async def test_where_nothing_was_ever_processed_there_is_nothing_to_read(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    end = await mentora(tmp_path, *command, "--json")
    assert (end.status, end.error["code"]) == (81, "not_running")
    assert "nothing was processed there yet" in end.error["message"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("named", "code", "status"),
    [
        ("none.mp4", "file_not_readable", 27),
        (".", "file_not_readable", 27),
        ("http://example.org/lecture.mp4", "url_refused", 30),
    ],
)
async def test_what_cannot_be_read_starts_nothing(tmp_path: Path, named: str, code: str, status: int) -> None:
    end = await mentora(tmp_path, "process", named, "--json")
    assert (end.status, end.error["code"]) == (status, code)
    assert (end.json["video_id"], end.json["status"], end.json["error"]["code"]) == (None, "refused", code)
    assert list(tmp_path.iterdir()) == []


async def test_a_title_is_for_one_lecture(tmp_path: Path) -> None:
    end = await mentora(tmp_path, "process", "a.mp4", "b.mp4", "--title", "Both")
    assert end.status == 41


async def test_process_wants_to_be_told_what(tmp_path: Path) -> None:
    end = await mentora(tmp_path, "process")
    assert end.status == 2
    assert "mentora process --help" in end.err


async def test_an_empty_search_is_refused(tmp_path: Path) -> None:
    assert (await mentora(tmp_path, "search", " ")).status == 41


@pytest.mark.parametrize("command", ["process", "status", "show", "search", "captions"])
async def test_the_help_of_a_command_teaches_with_an_example(tmp_path: Path, command: str) -> None:
    end = await mentora(tmp_path, command, "--help")
    assert end.status == 0
    assert f"Example: mentora {command}" in end.out
    for option in ("--json", "--home", "--creator"):
        assert option in end.out
