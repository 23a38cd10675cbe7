"""Sliding windows in this process's memory: what it let through, exactly, for as many callers as fit."""

from collections import OrderedDict, deque
from collections.abc import Collection, Sequence

from schemas.limits import RateLimit, Verdict

_LOGS = 20_000  # with the default limits, and all of them full, 60 MB


class Windows:
    """A log of times for each key; the one that was not asked for longest is dropped for one too many."""

    def __init__(self, logs: int = _LOGS) -> None:
        self._logs: OrderedDict[str, deque[float]] = OrderedDict()
        self._most = logs

    def admit(self, asked: Sequence[tuple[str, RateLimit]], now: float) -> tuple[Verdict, ...]:
        """Count a request, at `now` of a clock that never goes back, in all the logs or, if one is full, in none."""
        logs = [self._log(key, now - limit.window_seconds) for key, limit in asked]
        if all(len(log) < limit.requests for log, (_, limit) in zip(logs, asked, strict=True)):
            for log in logs:
                log.append(now)
            refused = [False] * len(logs)
        else:
            refused = [len(log) >= limit.requests for log, (_, limit) in zip(logs, asked, strict=True)]
        return tuple(
            _verdict(log, limit, now, is_refused=is_refused)
            for log, (_, limit), is_refused in zip(logs, asked, refused, strict=True)
        )

    def take_back(self, keys: Collection[str], at: float) -> None:
        """The request that was admitted at `at` was not let through after all."""
        for key in keys:
            if at in (log := self._logs.get(key, deque())):
                log.remove(at)

    def _log(self, key: str, after: float) -> deque[float]:
        log = self._logs.setdefault(key, deque())
        self._logs.move_to_end(key)
        if len(self._logs) > self._most:
            self._logs.popitem(last=False)
        while log and log[0] <= after:
            log.popleft()
        return log


def _verdict(log: deque[float], limit: RateLimit, now: float, *, is_refused: bool) -> Verdict:
    over = len(log) - limit.requests
    return Verdict(
        allowed=not is_refused,
        limit=limit.requests,
        remaining=max(0, -over),
        reset_seconds=log[-1] + limit.window_seconds - now if log else 0,
        retry_after_seconds=log[over] + limit.window_seconds - now if over >= 0 else 0,
    )
