"""The one translation of what the vendors' SDKs raise into errors that classify themselves.

Both SDKs come from one generator: the same class names, the same httpx2 underneath. Nothing that a vendor wrote as
prose is repeated in a message of ours, because vendors quote keys and requests there; codes and request ids are.
"""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from json import JSONDecodeError
from typing import Literal

import httpx2
from pydantic import SecretStr

from schemas.errors import (
    MentoraError,
    ProviderAnswerInvalid,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    SettingsInvalid,
)

Provider = Literal["openai", "anthropic"]  # the name of the SDK's module too

# Client errors that a later attempt may not meet: request time-out, conflict, too early, a proxy's "client closed".
_PASSING_STATUSES = frozenset({408, 409, 425, 499})
# A 429 that waiting does not cure: OpenAI's words for an empty account. Anthropic says 402 or 400 for the same.
_EMPTY_ACCOUNT_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@contextmanager
def translating(provider: Provider) -> Iterator[None]:
    """Turn every error of the vendor's SDK, and a passed deadline, into one of `schemas/errors`.

    The SDK is found by name, so that a worker of one vendor never loads the other (1 to 3 s of imports). The original
    is not chained: its text and its request hold keys and transcripts, and causes travel into logs and histories.
    """
    sdk = import_module(provider)
    try:
        yield
    except sdk.APIStatusError as error:
        translated = _from_status(provider, error.response, error.body)
    except sdk.APIConnectionError as error:
        translated = ProviderUnavailable(f"{provider} did not answer: {_root_name(error)}")
    except (TimeoutError, httpx2.RequestError) as error:
        translated = ProviderUnavailable(f"{provider} did not answer: {type(error).__name__}")
    except JSONDecodeError:  # in a stream the SDKs read JSON without a net
        translated = ProviderAnswerInvalid(f"{provider} answered with broken JSON")
    except sdk.APIError as error:
        translated = ProviderAnswerInvalid(f"{provider} gave an answer that cannot be read: {type(error).__name__}")
    else:
        return
    raise translated from None


def require_access(provider: Provider, api_key: SecretStr, base_url: str) -> str:
    """The key, stripped of the line end that files add to it.

    Raises: SettingsInvalid at construction, so that a worker without a key fails at its start and not at a lecture.
    """
    key = api_key.get_secret_value().strip()
    if not key:
        raise SettingsInvalid(f"MENTORA_{provider.upper()}_API_KEY is empty, and {provider} is chosen as a provider")
    if not base_url.startswith(("https://", "http://")):
        raise SettingsInvalid(f"MENTORA_{provider.upper()}_BASE_URL is no http address")
    return key


def retry_after_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait as the headers say, never negative; None where they say nothing that can be read.

    `retry-after-ms` is the finer of the two and wins. A date is held against the answer's own `Date`, so that the
    difference between two clocks does not matter; without one, against `now` (this machine's clock).
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    if (seconds := _number(said)) is not None:
        return seconds
    if (until := _moment(said)) is None:
        return None
    start = _moment(headers.get("date")) or now or datetime.now(UTC)
    return max(0.0, (until - start).total_seconds())


def error_code(body: object) -> str | None:
    """The code, else the type, of a vendor's error body; None for anything that is no plain identifier."""
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            for name in ("code", "type"):
                value = inner.get(name)
                if isinstance(value, str) and _IDENTIFIER.fullmatch(value):
                    return value
    return None


def _from_status(provider: Provider, response: httpx2.Response, body: object) -> MentoraError:
    """The error that an HTTP status means; OpenAI's SDK has unwrapped `body` already, Anthropic's has not."""
    status, code, wait = response.status_code, error_code(body), retry_after_seconds(response.headers)
    fact = f"{provider} answered {status}" + (f" ({code})" if code else "") + _request_note(response.headers)
    if status == 429:
        return ProviderRefused(fact) if code in _EMPTY_ACCOUNT_CODES else RateLimited(fact, wait)
    if status >= 500 or status < 400 or status in _PASSING_STATUSES:  # below 400: in the middle of a stream
        return ProviderUnavailable(fact, wait)
    return ProviderRefused(fact)


def _request_note(headers: Mapping[str, str]) -> str:
    """The id that the vendor's support asks for."""
    given = headers.get("x-request-id") or headers.get("request-id") or ""
    return f", request {given}" if _IDENTIFIER.fullmatch(given) else ""


def _root_name(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
