"""Uploads and playing where the object store is a bucket."""

import os
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.starters.api.gateway import gateway_settings, running_gateway
from tests.starters.api.senders import Sender

pytestmark = pytest.mark.servers

CONTENT = os.urandom(20 << 20)


async def test_a_lecture_goes_to_the_bucket_and_plays_from_its_own_address(
    servers: Servers, database: FreshDatabase, endpoint: str, tmp_path: Path
) -> None:
    settings = gateway_settings(
        servers,
        database,
        tmp_path,
        object_store_url=f"s3://lectures/{tmp_path.name}",
        s3_endpoint=endpoint,
        s3_access_key_id=SecretStr("key"),
        s3_secret_access_key=SecretStr("secret"),
    )
    async with running_gateway(settings) as gateway:
        sender = Sender(gateway, uuid4())
        url = await sender.begun(len(CONTENT), Upload_Metadata="filename YS5tcDQ=")
        await sender.patch(url, 0, CONTENT[:9_000_000])
        video = (await sender.patch(url, 9_000_000, CONTENT[9_000_000:])).headers["Video-Id"]
        answer = await gateway.client.get(f"/api/videos/{video}/media", headers=gateway.creator(sender.creator))
        address = answer.json()["url"]
        assert address.startswith(endpoint)
        async with httpx2.AsyncClient() as client:
            played = await client.get(address, headers={"Range": "bytes=8388600-9000010"})
        assert played.status_code == 206
        assert played.content == CONTENT[8_388_600:9_000_011]
        assert played.headers["Content-Type"] == "video/mp4"
