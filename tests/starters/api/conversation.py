"""A client of the chat that others wrote (httpx-sse), and a gateway whose answers a fake provider writes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_sse import aconnect_sse
from pydantic import SecretStr

from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.providers import FakeProvider
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway


@dataclass(frozen=True)
class Heard:
    """The events of one answer, in order."""

    events: list[tuple[str, Any]]

    @property
    def names(self) -> list[str]:
        """Each kind once, in the order of its first event."""
        return list(dict.fromkeys(name for name, _ in self.events))

    @property
    def text(self) -> str:
        return "".join(data["text"] for name, data in self.events if name == "token")

    def all(self, wanted: str) -> list[Any]:
        return [data for name, data in self.events if name == wanted]


async def heard(gateway: Gateway, who: dict[str, str], leave_after: int = 0, key: str = "", **question: Any) -> Heard:
    """Ask, and listen to the end, or leave after so many tokens."""
    headers = who | ({"Idempotency-Key": key} if key else {})
    events: list[tuple[str, Any]] = []
    async with (
        httpx.AsyncClient(base_url=gateway.url, timeout=30) as client,
        aconnect_sse(client, "POST", "/api/chat", json=question, headers=headers) as source,
    ):
        source.response.raise_for_status()
        async for event in source.aiter_sse():
            events.append((event.event, json.loads(event.data)))
            if leave_after and sum(name == "token" for name, _ in events) == leave_after:
                break
    return Heard(events)


@asynccontextmanager
async def provided_gateway(
    servers: Servers, database: FreshDatabase, folder: Any, provider: FakeProvider, vendor: str
) -> AsyncIterator[Gateway]:
    """One whose chat asks the fake provider as `vendor`."""
    chosen = {
        "chat_provider": vendor,
        "openai_api_key": SecretStr("sk-secret"),
        "openai_base_url": provider.openai_url,
        "anthropic_api_key": SecretStr("sk-secret"),
        "anthropic_base_url": provider.anthropic_url,
    }
    async with running_gateway(gateway_settings(servers, database, folder, **chosen)) as running:
        yield running
