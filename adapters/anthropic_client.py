"""Anthropic's client, or that of any server that speaks its wire."""

from anthropic import AsyncAnthropic
from pydantic import SecretStr

from adapters.provider_errors import require_access

BASE_URL = "https://api.anthropic.com"
TIMEOUT_SECONDS = 120.0


def anthropic_client(api_key: SecretStr, base_url: str, timeout_seconds: float) -> AsyncAnthropic:
    """A client that neither retries (whoever asked does, and counts) nor makes spans, which may carry content.

    Raises: SettingsInvalid.
    """
    key = require_access("anthropic", api_key, base_url)
    return AsyncAnthropic(api_key=key, base_url=base_url, timeout=timeout_seconds, max_retries=0, open_telemetry=False)
