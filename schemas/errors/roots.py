"""The roots: whether a retry can help.

Adapters translate every outside error into one of these at the edge. An exception that is none of them is a bug.
`code` is stable and public; `exit_status` is the command line's; `cure` says who must do what.
"""

from typing import ClassVar


class MentoraError(Exception):
    """Any error with a name. `str(error)` is one sentence of fact for a person."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    cure: ClassVar[str] = "Report this: it is a bug."


class PermanentError(MentoraError):
    """A retry cannot help: someone must change something first."""


class TransientError(MentoraError):
    """A retry can help. `retry_after` is in seconds, where the other side said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
