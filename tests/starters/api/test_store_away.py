"""The object store away: readiness says so within its bound, and everything that needs no file is served."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway

pytestmark = pytest.mark.servers


def _bucket(endpoint: str, name: str) -> dict[str, Any]:
    key = {"s3_access_key_id": SecretStr("key"), "s3_secret_access_key": SecretStr("secret")}
    return {"object_store_url": f"s3://{name}", "s3_endpoint": endpoint} | key


async def _readiness(gateway: Gateway) -> Mapping[str, Any]:
    answer = await gateway.client.get("/readyz")
    assert answer.status_code == 200
    return dict(answer.json())


async def test_a_store_that_answers_is_ready(
    servers: Servers, database: FreshDatabase, tmp_path: Path, endpoint: str
) -> None:
    for settings in ({}, _bucket(endpoint, "lectures")):
        async with running_gateway(gateway_settings(servers, database, tmp_path, **settings)) as gateway:
            assert (await _readiness(gateway))["dependencies"]["object_store"] == "ready"


async def test_a_store_that_does_not_is_done_without(
    servers: Servers, database: FreshDatabase, tmp_path: Path, endpoint: str
) -> None:
    (tmp_path / "file").touch()
    away: tuple[dict[str, Any], ...] = (
        {"object_store_url": f"file://{tmp_path}/file"},
        _bucket(endpoint, "no-such-bucket"),
        _bucket("http://127.0.0.1:9", "lectures"),
    )
    for settings in away:
        async with running_gateway(gateway_settings(servers, database, tmp_path, **settings)) as gateway:
            ready = await _readiness(gateway)
            assert (ready["status"], ready["dependencies"]["object_store"]) == ("degraded", "degraded"), settings
            videos = await gateway.client.get("/api/videos", headers=gateway.creator(uuid4()))
            assert videos.status_code == 200


async def test_a_store_that_says_nothing_is_waited_for_two_seconds_and_asked_once(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    async with _silent() as (url, asked):
        settings = gateway_settings(servers, database, tmp_path, **_bucket(url, "lectures"))
        async with running_gateway(settings) as gateway:
            began = time.monotonic()
            found = await asyncio.gather(*(_readiness(gateway) for _ in range(5)))
            assert 1.9 < time.monotonic() - began < 4
            assert {ready["dependencies"]["object_store"] for ready in found} == {"degraded"}
            assert len(asked) == 1


@asynccontextmanager
async def _silent() -> AsyncIterator[tuple[str, list[asyncio.StreamWriter]]]:
    """A server that takes connections, which it lists, and never answers."""
    taken: list[asyncio.StreamWriter] = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", taken
        for writer in taken:
            writer.close()
