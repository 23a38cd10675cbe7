"""What every command shares: its options, its output, its errors and the settings of what runs in a home."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TextIO

from cyclopts import Parameter

from adapters.settings import Settings, load_settings
from schemas.errors import MentoraError

JsonOption = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON, for programs.")]
HomeOption = Annotated[Path | None, Parameter(name="--home", help="The state folder, instead of MENTORA_HOME.")]


def say(line: str = "") -> None:
    """One line for a person."""
    _write(sys.stdout, line)


def say_json(value: dict[str, Any]) -> None:
    """One line for a program."""
    _write(sys.stdout, json.dumps(value, ensure_ascii=False, default=str))


def complain(fact: str, cure: str, code: str, *, as_json: bool) -> None:
    """What is wrong and who must do what: two lines on standard error, or a JSON object there."""
    if as_json:
        error = {"code": code, "message": fact, "cure": cure}
        _write(sys.stderr, json.dumps({"error": error}, ensure_ascii=False))
    else:
        _write(sys.stderr, f"{fact}\n{cure}")


def complain_of(error: MentoraError, *, as_json: bool) -> int:
    """The same for an error with a name; returns the command's exit status."""
    complain(str(error), error.cure, error.code, as_json=as_json)
    return error.exit_status


def settings_for(home: Path | None) -> Settings:
    """The settings; `--home` goes before the environment, for our child processes too. Raises: SettingsInvalid."""
    if home is not None:
        os.environ["MENTORA_HOME"] = str(home.expanduser().absolute())
    return load_settings()


def _write(stream: TextIO, line: str) -> None:
    """A terminal that was closed must not keep `up` from stopping its servers."""
    with suppress(OSError, ValueError):
        stream.write(f"{line}\n")
        stream.flush()
