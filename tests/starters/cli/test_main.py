"""The table of commands, and errors as a person meets them."""

import time
from pathlib import Path

import pytest

from schemas.errors import NotRunning
from starters.cli import main
from tests.starters.cli.commands import mentora


async def test_help_lists_every_command_without_importing_any(tmp_path: Path) -> None:
    began = time.monotonic()
    end = await mentora(tmp_path, "--help")
    assert time.monotonic() - began < 5
    for command in ("up", "stop", "doctor"):
        assert f"│ {command} " in end.out


@pytest.mark.parametrize("command", ["up", "stop", "doctor"])
async def test_the_help_of_a_command_teaches_with_an_example(tmp_path: Path, command: str) -> None:
    end = await mentora(tmp_path, command, "--help")
    assert "Example: mentora" in end.out or "Example: MENTORA" in end.out
    assert "--json" in end.out
    assert "--home" in end.out


async def test_a_misspelled_command_is_two_lines_and_the_status_of_misuse(tmp_path: Path) -> None:
    end = await mentora(tmp_path, "upp")
    assert end.status == 2
    assert end.err == "There is no command `upp`. Did you mean `up`?\nSee `mentora --help`.\n"


async def test_an_error_is_an_object_for_a_program(tmp_path: Path) -> None:
    end = await mentora(tmp_path, "stop", "--json")
    assert end.status == NotRunning.exit_status
    assert end.error["code"] == "not_running"
    assert end.error["cure"] == NotRunning.cure
    assert end.out == ""


async def test_an_invalid_setting_is_named(tmp_path: Path) -> None:
    end = await mentora(tmp_path, "doctor", MENTORA_POSTGRES_POOL_SIZE="many")
    assert end.status == 78
    assert end.err.startswith("MENTORA_POSTGRES_POOL_SIZE: ")


def _broken(_: str) -> None:
    raise KeyError("no such thing")


def test_a_bug_is_one_line_and_the_log_has_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MENTORA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(main, "build_app", _broken)
    assert main.run(["up"]) == 1
    fact, cure = capsys.readouterr().err.splitlines()
    assert fact == "KeyError: 'no such thing'"
    assert str(tmp_path / "home" / "logs" / "cli.log") in cure
    assert "Traceback" in (tmp_path / "home" / "logs" / "cli.log").read_text()


def test_ctrl_c_is_no_error_to_report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "build_app", interrupted)
    assert main.run(["up"]) == 130
    assert capsys.readouterr().err == ""
