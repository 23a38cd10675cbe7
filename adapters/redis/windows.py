"""Sliding windows in this process's memory: what it let through, exactly, for as many callers as fit."""

from collections import OrderedDict, deque

from schemas.limits import RateLimit, Verdict

_LOGS = 20_000  # with the default limits, and all of them full, 60 MB


class Windows:
    """A log of times for each key; the one that was not asked for longest is dropped for one too many."""

    def __init__(self, logs: int = _LOGS) -> None:
        self._logs: OrderedDict[str, deque[float]] = OrderedDict()
        self._most = logs

    def admit(self, key: str, limit: RateLimit, now: float) -> Verdict:
        """Count a request, at `now` of a clock that never goes back, unless the log is full."""
        log = self._log(key, now - limit.window_seconds)
        allowed = len(log) < limit.requests
        if allowed:
            log.append(now)
        over = len(log) - limit.requests
        return Verdict(
            allowed=allowed,
            limit=limit.requests,
            remaining=max(0, -over),
            reset_seconds=log[-1] + limit.window_seconds - now,
            retry_after_seconds=log[over] + limit.window_seconds - now if over >= 0 else 0,
        )

    def take_back(self, key: str, at: float) -> None:
        """The request that was admitted at `at` was not let through after all."""
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
