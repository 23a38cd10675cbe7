"""`mentora doctor`: what this machine lacks."""

import os
from dataclasses import asdict

from schemas.errors import PartMissing
from starters.cli.checks import Check, look
from starters.cli.console import HomeOption, JsonOption, say, say_json, settings_for


def doctor(*, json: JsonOption = False, home: HomeOption = None) -> int:
    """Say what this machine lacks for the settings at hand, and how to get it.

    Ends with 79 if something is missing that is needed. Nothing is started and nothing is changed.

    Example: `mentora doctor`, or `MENTORA_SPEECH_PROVIDER=openai mentora doctor` before a change of settings.
    """
    checks = list(look(settings_for(home), os.environ))
    lacking = [check for check in checks if check.needed and not check.fine]
    if json:
        say_json({"fine": not lacking, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            _show(check)
        say()
        say(f"Needed and missing: {', '.join(check.name for check in lacking)}." if lacking else "Nothing is missing.")
    return PartMissing.exit_status if lacking else 0


def _show(check: Check) -> None:
    mark = "✓" if check.fine else "✗" if check.needed else "-"
    say(f"{mark} {check.name:<16}{check.found}")
    if not check.fine:
        say(f"  {'':<16}{check.cure}")
