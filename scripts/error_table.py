"""Print the table of errors that docs/operations.md holds: `python -m scripts.error_table`."""

from schemas.errors import MentoraError, PermanentError, StoreUnavailable, TransientError, error_classes


def error_table() -> str:
    """A row a code, by exit status; a class without a code of its own is its parent's row."""
    classes: list[type[MentoraError]] = [MentoraError, *error_classes()]
    own = dict.fromkeys(error for error in classes if "code" in vars(error))
    rows = [
        f"| {error.exit_status} | `{error.code}` | {error.__doc__.splitlines()[0]} | {_retried(error)} | {error.cure} |"
        for error in sorted(own, key=lambda error: error.exit_status)
        if error.__doc__
    ]
    return "\n".join(["| status | code | what happened | retried | who must do what |", "|---|---|---|---|---|", *rows])


def _retried(error: type[MentoraError]) -> str:
    if issubclass(error, StoreUnavailable):
        return "until it is back"
    if issubclass(error, TransientError):
        return "3 times"
    return "no" if issubclass(error, PermanentError) else "a step: 3 times"


if __name__ == "__main__":
    print(error_table())
