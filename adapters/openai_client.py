"""OpenAI's client, or that of any server that speaks its wire."""

from openai import AsyncOpenAI
from pydantic import SecretStr

from adapters.provider_errors import require_access

BASE_URL = "https://api.openai.com/v1"
TIMEOUT_SECONDS = 120.0


def openai_client(api_key: SecretStr, base_url: str, timeout_seconds: float) -> AsyncOpenAI:
    """A client that never retries by itself: Temporal is the only one that retries, and it counts.

    `timeout_seconds` bounds the silence between two packets; the callers bound the whole call with the same number.
    Raises: SettingsInvalid.
    """
    key = require_access("openai", api_key, base_url)
    return AsyncOpenAI(api_key=key, base_url=base_url, timeout=timeout_seconds, max_retries=0)
