"""Signatures of webhooks: every secret of the rotation is good, and nothing else is."""

import base64
import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.providers.whop import signed
from tests.starters.api.whop import (
    NEW_SECRET,
    OLD_SECRET,
    WhopGateway,
    about,
    creator_of,
    outcome,
    whop_gateway,
)

pytestmark = pytest.mark.servers

NOW = datetime.now(UTC)


def _body(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


async def _post(at_whop: WhopGateway, body: bytes, headers: dict[str, str]) -> httpx2.Response:
    return await at_whop.client.post("/api/webhooks/whop", content=body, headers=headers)


@pytest.mark.parametrize("secret", [OLD_SECRET, NEW_SECRET])
async def test_every_secret_of_the_rotation_is_good(at_whop: WhopGateway, company: str, secret: str) -> None:
    event = about(company, "activated", "user_1")
    assert (await at_whop.deliver(_body(event), "msg_1", secret)).status_code == 200


@pytest.mark.parametrize("seconds", [-240, 240])
async def test_a_delivery_may_be_some_minutes_off(at_whop: WhopGateway, company: str, seconds: int) -> None:
    event = about(company, "activated", "user_1")
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    assert (await at_whop.deliver(_body(event), "msg_1", at=at)).status_code == 200


async def test_a_signature_that_is_not_good_is_refused_counted_and_told(
    at_whop: WhopGateway, database: FreshDatabase, company: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = _body(about(company, "activated", "user_1"))
    good = signed(body, NEW_SECRET, "msg_1")
    value = good["webhook-signature"].removeprefix("v1,")
    old, new = (signed(body, NEW_SECRET, "msg_1", datetime.now(UTC) + timedelta(seconds=s)) for s in (-330, 330))
    forged = [
        signed(body, "ws_mine", "msg_1"),
        old,
        new,
        good | {"webhook-id": "msg_2"},
        good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)},
        *({name: given for name, given in good.items() if name != missing} for missing in good if "webhook" in missing),
        *(
            good | {"webhook-signature": changed}
            for changed in (
                "",
                "v1",
                "v1,",
                "v1,,",
                value,
                f"v2,{value}",
                f"v1a,{value}",
                "v1,é",
                f"v1,{value[:-4]}AAA=",
            )
        ),
        *(good | {"webhook-timestamp": changed} for changed in ("", "now", "nan", "inf", "-1", "1e400", "9" * 40)),
    ]
    before = await _refused(at_whop)
    with caplog.at_level(logging.WARNING, "starters.api.webhooks"):
        for headers in forged:
            sent = [(name.encode(), text.encode()) for name, text in headers.items()]
            answer = await at_whop.client.post("/api/webhooks/whop", content=body, headers=sent)
            assert outcome(answer) == (401, "signature_refused"), headers
    assert await _refused(at_whop) == before + len(forged)
    told = [record for record in caplog.records if "refused a webhook" in record.message]
    assert len(told) == len(forged)
    assert not any("user_1" in record.getMessage() for record in told)
    assert await database.scalar("SELECT count(*) FROM creators WHERE creator_id = $1", creator_of(company)) == 0


async def test_one_changed_byte_is_refused(at_whop: WhopGateway, company: str) -> None:
    body = _body(about(company, "deactivated", "user_1"))
    headers = signed(body, NEW_SECRET, "msg_1")
    for changed in (
        body + b" ",
        body[:-1],
        body.replace(b"user_1", b"user_2"),
        b"",
        b"\xff" + body,
        body.replace(b": ", b":"),
    ):
        assert outcome(await _post(at_whop, changed, headers)) == (401, "signature_refused")
    assert (await _post(at_whop, body, headers)).status_code == 200


async def test_one_good_signature_among_others_is_enough(at_whop: WhopGateway, company: str) -> None:
    body = _body(about(company, "activated", "user_1"))
    headers = signed(body, NEW_SECRET, "msg_1")
    other = f"v1,{base64.b64encode(bytes(32)).decode()}"
    headers["webhook-signature"] = f"v2,abc {other} {headers['webhook-signature']}"
    assert (await _post(at_whop, body, headers)).status_code == 200


@pytest.mark.parametrize("secrets", [(), ("",)])
async def test_without_a_secret_every_webhook_is_refused(
    servers: Servers, database: FreshDatabase, tmp_path: Path, company: str, secrets: tuple[str, ...]
) -> None:
    hidden = tuple(SecretStr(secret) for secret in secrets)
    async with whop_gateway(servers, database, tmp_path, whop_webhook_secrets=hidden) as there:
        body = _body(about(company, "activated", "user_1"))
        for secret in (" ", NEW_SECRET):
            assert outcome(await there.deliver(body, "msg_1", secret)) == (401, "signature_refused")
        unkeyed = signed(body, "x", "msg_1") | {"webhook-signature": _unkeyed(body, "msg_1")}
        assert outcome(await _post(there, body, unkeyed)) == (401, "signature_refused")


def _unkeyed(body: bytes, webhook_id: str) -> str:
    """Signed with the empty key, as whoever guesses that none is set would."""
    said = f"{webhook_id}.{int(datetime.now(UTC).timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(b"", said, hashlib.sha256).digest()).decode()


async def _refused(at_whop: WhopGateway) -> float:
    counted = (await at_whop.client.get("/metrics")).text
    lines = [
        line
        for line in counted.splitlines()
        if line.startswith('mentora_webhook_signature_failures_total{sender="whop"}')
    ]
    return float(lines[0].split()[-1]) if lines else 0.0
