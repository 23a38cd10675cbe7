"""What headers and bodies of an error say, and that one vendor's adapter leaves the other's SDK alone."""

import sys
from asyncio import create_subprocess_exec
from datetime import UTC, datetime

import pytest

from adapters.provider_errors import error_code, retry_after_seconds, translating

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ONLY_OPENAI = """
import sys, adapters.speech.openai, adapters.embedding.openai, adapters.language_model.openai
from adapters.provider_errors import translating
with translating("openai"):
    pass
assert "anthropic" not in sys.modules
"""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1),
        ({"retry-after": "Mon, 23 Nov 2026 12:01:30 GMT"}, 90),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Mon, 23 Nov 2026 12:01:30 GMT", "date": "Mon, 23 Nov 2026 12:01:00 GMT"}, 30),
        ({"retry-after": "Mon, 23 Nov 2026 12:01:30 GMT", "date": "today"}, 90),
        ({"retry-after": "Mon, 99 Nov 2026 12:01:30 GMT"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 12:01:30 +99999999999999"}, None),
    ],
)
def test_the_wait_is_what_the_headers_say(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, now=NOON) == seconds


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"type": "invalid_request_error", "code": "model_not_found"}}, "model_not_found"),
        ({"error": {"type": "overloaded_error", "message": "sk-secret"}}, "overloaded_error"),
        ({"code": "insufficient_quota"}, "insufficient_quota"),
        ({"error": {"code": "Incorrect API key provided: sk-secret"}}, None),
        ({"error": {"code": 7, "type": "server_error"}}, "server_error"),
        ({"error": "broken"}, None),
        ("<html>", None),
        (None, None),
    ],
)
def test_only_identifiers_are_taken_from_a_vendors_error(body: object, code: str | None) -> None:
    assert error_code(body) == code


def test_a_bug_of_ours_is_not_blamed_on_the_vendor() -> None:
    with pytest.raises(KeyError), translating("openai"):
        raise KeyError("missing")


async def test_a_worker_of_one_vendor_never_loads_the_other() -> None:
    process = await create_subprocess_exec(sys.executable, "-c", ONLY_OPENAI)
    assert await process.wait() == 0
