"""`mentora`: the table of commands, and what happens to their errors. A command's module is imported when it runs."""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from cyclopts import App, CycloptsError, UnknownCommandError

from schemas.errors import MentoraError

_COMMANDS = (
    ("up", "Start the servers and the workers here, until Ctrl-C."),
    ("process", "Turn lectures into captions, search and a quiz."),
    ("status", "Show what runs here, and how far the videos are."),
    ("show", "Show a lecture's transcript, chunks and quiz."),
    ("search", "Find the moments at which something is said."),
    ("captions", "Write a lecture's captions as WebVTT or SRT."),
    ("token", "Issue a token for this machine's own gateway."),
    ("keys", "Make, list and revoke the keys of servers."),
    ("stop", "Stop what `mentora up` started."),
    ("doctor", "Say what this machine lacks, and how to get it."),
)
_USAGE_STATUS = 2
_INTERRUPTED_STATUS = 130


def build_app(chosen: str = "") -> App:
    """Every command, none of them imported yet.

    The summaries are for the list; `chosen` goes without, because it would hide the help in its docstring.
    """
    app = App(
        name="mentora",
        help="A lecture goes in; it comes out captioned, searchable and quizzed.\n\n"
        "Start with `mentora up` in one terminal and `mentora process LECTURE.mp4` in another.",
        version=_version,
        help_format="markdown",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        print_error=False,
        exit_on_error=False,
    )
    for name, summary in _COMMANDS:
        app.command(f"starters.cli.{name}:{name}", name=name, help=None if name == chosen else summary)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit status. No stack trace reaches a person."""
    as_json = "--json" in arguments
    try:
        return _dispatch(arguments, as_json=as_json)
    except KeyboardInterrupt:
        return _INTERRUPTED_STATUS
    except Exception:  # noqa: BLE001  the last resort: the log keeps it whole
        return _bug(arguments, as_json=as_json)


def main() -> None:
    """The console script."""
    status = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    if "temporalio" in sys.modules:
        # Its threads crash an interpreter that is being taken down: 4 of 100 short commands ended with SIGABRT.
        os._exit(status)
    sys.exit(status)


def _dispatch(arguments: Sequence[str], *, as_json: bool) -> int:
    try:
        return build_app(next(iter(arguments), ""))(list(arguments)) or 0
    except CycloptsError as error:
        return _misused(error, as_json=as_json)
    except MentoraError as error:
        from starters.cli.console import complain_of  # noqa: PLC0415  `--help` does without

        return complain_of(error, as_json=as_json)


def _misused(error: CycloptsError, *, as_json: bool) -> int:
    from starters.cli.console import complain  # noqa: PLC0415  see `_dispatch`

    command = " ".join(("mentora", *(error.command_chain or ())))
    # In its own words for an unknown command the library would import every command to list it.
    fact = _unknown(error.unused_tokens) if isinstance(error, UnknownCommandError) else str(error)
    complain(fact, f"See `{command} --help`.", "usage", as_json=as_json)
    return _USAGE_STATUS


def _unknown(words: Sequence[str] | None) -> str:
    word = next(iter(words or ()), "")
    near = get_close_matches(word, [name for name, _ in _COMMANDS], n=1)
    return f"There is no command `{word}`." + (f" Did you mean `{near[0]}`?" if near else "")


def _bug(arguments: Sequence[str], *, as_json: bool) -> int:
    from starters.cli.console import complain  # noqa: PLC0415  see `_dispatch`

    log = _home(arguments) / "logs" / "cli.log"
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("a") as file:
            file.write(traceback.format_exc())
        cure = f"Report this: it is a bug. The whole of it is in {log}."
    except OSError:
        cure = "Report this: it is a bug."
    fact = traceback.format_exception_only(*sys.exc_info()[:2])[-1].strip()
    complain(fact, cure, MentoraError.code, as_json=as_json)
    return MentoraError.exit_status


def _home(arguments: Sequence[str]) -> Path:
    """The home as far as it can be known without settings, which may be what failed."""
    given = os.environ.get("MENTORA_HOME") or ".mentora"
    for position, argument in enumerate(arguments):
        if argument == "--home" and position + 1 < len(arguments):
            given = arguments[position + 1]
        elif argument.startswith("--home="):
            given = argument.removeprefix("--home=")
    return Path(given).expanduser().absolute()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  see `_dispatch`

    try:
        return version("mentora")
    except PackageNotFoundError:
        return "not installed"
