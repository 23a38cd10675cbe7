"""A gateway that a fake Whop stands behind, and the people and servers who come to it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from pydantic import SecretStr

from schemas.ids import creator_id
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.providers.whop import API_KEY, APP, FakeWhop, membership_event, signed
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway

OLD_SECRET, NEW_SECRET = "ws_old-secret", "ws_new-secret"
ACCESS = "/api/v1/users/"  # where Whop is asked


@dataclass(frozen=True)
class WhopGateway:
    """The two together."""

    gateway: Gateway
    whop: FakeWhop

    @property
    def client(self) -> httpx2.AsyncClient:
        return self.gateway.client

    async def sign_in(self, user: str, company: str, **headers: str) -> httpx2.Response:
        shown = {"X-Whop-User-Token": self.whop.token(user), **headers}
        return await self.client.post("/api/whop/auth", json={"company_id": company}, headers=shown)

    def person(self, user: str, creator: UUID) -> dict[str, str]:
        """The headers of a Whop user with a creator."""
        return {"X-Whop-User-Token": self.whop.token(user), "X-Creator-Id": str(creator)}

    async def deliver(
        self, body: bytes, webhook_id: str, secret: str = NEW_SECRET, at: datetime | None = None
    ) -> httpx2.Response:
        return await self.client.post("/api/webhooks/whop", content=body, headers=signed(body, secret, webhook_id, at))


def about(company: str, kind: str, user: str, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """A membership event of the company, in Whop's older shape."""
    return membership_event(kind, user, at or datetime.now(UTC), **more) | {"company_id": company}


def creator_of(company: str) -> UUID:
    return creator_id(company)


def body_of(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


async def aged(database: FreshDatabase, creator: UUID, minutes: int) -> None:
    """As if everything had been said so much earlier."""
    await database.scalar(
        "UPDATE access_checks SET checked_at = checked_at - make_interval(mins => $2) WHERE creator_id = $1",
        creator, minutes,
    )  # fmt: skip
    await database.scalar(
        "UPDATE memberships SET changed_at = changed_at - make_interval(mins => $2) WHERE creator_id = $1",
        creator, minutes,
    )  # fmt: skip


@asynccontextmanager
async def whop_gateway(
    servers: Servers, database: FreshDatabase, folder: Path, **changed: Any
) -> AsyncIterator[WhopGateway]:
    """Both, for as long as it lasts."""
    async with FakeWhop() as whop:
        known: dict[str, Any] = {
            "whop_app_id": APP,
            "whop_api_key": SecretStr(API_KEY),
            "whop_webhook_secrets": (SecretStr(""), SecretStr(OLD_SECRET), SecretStr(NEW_SECRET)),
            "whop_base_url": whop.base_url,
            "whop_jwks_url": whop.jwks_url,
        }
        async with running_gateway(gateway_settings(servers, database, folder, **(known | changed))) as gateway:
            yield WhopGateway(gateway, whop)


def outcome(answer: httpx2.Response) -> tuple[int, str]:
    """The status, and what a problem document calls it."""
    is_problem = answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"] if is_problem else ""
