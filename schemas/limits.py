"""Rate limits: how many requests of a kind a caller may make in any window of time."""

from dataclasses import dataclass

from pydantic import Field

from schemas.base import Frozen


class RateLimit(Frozen):
    """`requests` in any `window_seconds`, wherever the window begins: it slides."""

    name: str
    requests: int = Field(ge=1)
    window_seconds: float = Field(gt=0)


@dataclass(frozen=True)
class Verdict:
    """What a limit says of one request."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: float  # until all of the limit is there again, if nothing more is asked
    retry_after_seconds: float  # until the next request is let through; 0 while something remains


DEFAULT_LIMITS = {
    limit.name: limit
    for limit in (
        RateLimit(name="chat", requests=20, window_seconds=60),
        RateLimit(name="upload", requests=10, window_seconds=3_600),  # its creation; its parts are free
        RateLimit(name="quiz", requests=5, window_seconds=3_600),
        RateLimit(name="auth", requests=5, window_seconds=300),
        RateLimit(name="api", requests=100, window_seconds=60),  # everything else
    )
}
