"""A process's own windows: exact, and no larger than its memory allows."""

from adapters.redis.windows import Windows
from schemas.limits import RateLimit

TWO = RateLimit(name="two", requests=2, window_seconds=10)


def test_a_request_leaves_when_its_window_ends_and_not_before() -> None:
    windows = Windows()
    assert [windows.admit("key", TWO, now).allowed for now in (0.0, 4.0, 9.999)] == [True, True, False]
    verdict = windows.admit("key", TWO, 10.0)
    assert (verdict.allowed, verdict.remaining, verdict.retry_after_seconds) == (True, 0, 4.0)
    assert verdict.reset_seconds == 10


def test_what_is_taken_back_was_never_counted() -> None:
    windows = Windows()
    for key, at in (("key", 1.0), ("other", 1.0), ("key", 2.0)):
        windows.admit(key, TWO, at)
    for key in ("key", "other", "unknown"):
        windows.take_back(key, 1.0)
    assert [windows.admit(key, TWO, 3.0).remaining for key in ("key", "other")] == [0, 1]


def test_the_caller_that_was_not_seen_for_longest_is_forgotten_first() -> None:
    windows = Windows(logs=2)
    for caller in ("first", "second", "first", "third"):
        windows.admit(caller, TWO, 1.0)
    remaining = {caller: windows.admit(caller, TWO, 2.0).remaining for caller in ("first", "third", "second")}
    assert remaining == {"first": 0, "third": 0, "second": 1}
