"""A process's own windows: exact, and no larger than its memory allows."""

from adapters.redis.windows import Windows
from schemas.limits import RateLimit

TWO = RateLimit(name="two", requests=2, window_seconds=10)


def test_a_request_leaves_when_its_window_ends_and_not_before() -> None:
    windows = Windows()
    assert [windows.admit([("key", TWO)], now)[0].allowed for now in (0.0, 4.0, 9.999)] == [True, True, False]
    (verdict,) = windows.admit([("key", TWO)], 10.0)
    assert (verdict.allowed, verdict.remaining, verdict.retry_after_seconds) == (True, 0, 4.0)
    assert verdict.reset_seconds == 10


def test_what_is_taken_back_was_never_counted() -> None:
    windows = Windows()
    windows.admit([("key", TWO), ("other", TWO)], 1.0)
    windows.admit([("key", TWO)], 2.0)
    windows.take_back(["key", "other", "unknown"], 1.0)
    assert [verdict.remaining for verdict in windows.admit([("key", TWO), ("other", TWO)], 3.0)] == [0, 1]


def test_the_caller_that_was_not_seen_for_longest_is_forgotten_first() -> None:
    windows = Windows(logs=2)
    for caller in ("first", "second", "first", "third"):
        windows.admit([(caller, TWO)], 1.0)
    remaining = {caller: windows.admit([(caller, TWO)], 2.0)[0].remaining for caller in ("first", "third", "second")}
    assert remaining == {"first": 0, "third": 0, "second": 1}
