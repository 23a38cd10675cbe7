"""What every adapter of a vendor must make of every misbehaviour that any request can meet."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from schemas.errors import (
    MentoraError,
    ProviderAnswerInvalid,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
)
from tests.providers import behaviours as b
from tests.providers.behaviours import Behaviour
from tests.providers.server import FakeProvider

SECRETS = ("sk-", "secret", "Bearer")
_NOON_ELSEWHERE = datetime(2020, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Fault:
    """A misbehaviour and the error that it must become; `retry_after` in seconds."""

    behaviour: Behaviour
    error: type[MentoraError]
    retry_after: float | None = None
    note: str = ""

    def __str__(self) -> str:
        return self.behaviour.name + self.note


FAULTS = (
    Fault(b.RATE_LIMITED, RateLimited),
    Fault(b.rate_limited(7), RateLimited, 7, "_seconds"),
    Fault(b.rate_limited(0), RateLimited, 0, "_at_once"),
    Fault(b.rate_limited_milliseconds(1_500), RateLimited, 1.5, "_milliseconds"),
    Fault(
        b.rate_limited_until(_NOON_ELSEWHERE + timedelta(seconds=90), said_at=_NOON_ELSEWHERE),
        RateLimited,
        90,
        "_date_of_a_slow_clock",
    ),
    *(Fault(failing, ProviderUnavailable) for failing in (b.STATUS_500, b.STATUS_502, b.STATUS_503, b.STATUS_529)),
    Fault(b.failing_for(503, 20), ProviderUnavailable, 20, "_seconds"),
    Fault(b.CONNECTION_RESET, ProviderUnavailable),
    Fault(b.TRUNCATED_BODY, ProviderUnavailable),
    Fault(b.EMPTY_BODY, ProviderAnswerInvalid),
    Fault(b.MALFORMED_JSON, ProviderAnswerInvalid),
    Fault(b.WRONG_SHAPE, ProviderAnswerInvalid),
    Fault(b.HTML_PAGE, ProviderAnswerInvalid),
    Fault(b.WRONG_CONTENT_TYPE, ProviderAnswerInvalid),
    Fault(b.ERROR_IN_OK, ProviderAnswerInvalid),
    Fault(b.ERROR_BESIDE_ANSWER, ProviderAnswerInvalid),
    Fault(b.NUL_CHARACTER, ProviderAnswerInvalid),
    Fault(b.BAD_REQUEST, ProviderRefused),
    Fault(b.UNAUTHORISED, ProviderRefused),
    Fault(b.PAYMENT_REQUIRED, ProviderRefused),
    Fault(b.FORBIDDEN, ProviderRefused),
    Fault(b.UNKNOWN_MODEL, ProviderRefused),
    Fault(b.TOO_LARGE, ProviderRefused),
    Fault(b.QUOTA_EXHAUSTED, ProviderRefused),
)
SLOW_FAULTS = (Fault(b.NEVER_ANSWERS, ProviderUnavailable), Fault(b.DRIPPING, ProviderUnavailable))


async def assert_becomes(
    fault: Fault, provider: FakeProvider, call: Callable[[], Awaitable[object]], private: str = "secret"
) -> None:
    """The call fails with exactly the fault's error after one request, and the error gives nothing away."""
    provider.misbehave(fault.behaviour)
    with pytest.raises(MentoraError) as caught:
        await call()
    error = caught.value
    assert type(error) is fault.error
    assert getattr(error, "retry_after", None) == fault.retry_after
    assert len(provider.requests) == 1
    assert not [secret for secret in (*SECRETS, private) if secret in str(error)]
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
