"""What docs/api.md shows of credentials and files is typed here, against a gateway."""

from pathlib import Path
from uuid import uuid4

import pytest

from adapters.postgres.keys import ServiceKeys
from schemas.ids import creator_id
from schemas.keys import InstallationRole
from tests.conftest import Servers
from tests.databases import fresh_database
from tests.docs.examples import examples, typed
from tests.docs.pages import ROOT
from tests.starters.api.senders import Sender
from tests.starters.api.whop import whop_gateway

pytestmark = pytest.mark.servers

COMPANY = "biz_h0UKqlfUJI55Am"


def _commands() -> list[str]:
    """Without those of the command line, which tests/starters/cli runs."""
    shown = examples("Who may do what", "Upload", "Play")
    return [example.command for example in shown if not example.command.startswith("mentora ")]


async def test_every_command_works_in_the_order_of_the_page(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "lecture.mp4").write_bytes((ROOT / "samples" / "lecture.mp4").read_bytes())
    async with (
        fresh_database(servers.admin_url, servers.app_url, servers.relay_url) as database,
        whop_gateway(servers, database, tmp_path) as at_whop,
    ):
        gateway, creator = at_whop.gateway, uuid4()
        at_whop.whop.grant("user_ada", COMPANY, "customer")
        keys = ServiceKeys(database.app)
        sender = Sender(gateway, creator)
        known: dict[str, object] = {
            "API": gateway.url,
            "CREATOR": creator_id("me"),
            "TOKEN": gateway.creator(creator)["Authorization"].removeprefix("Bearer "),
            "KEY": await keys.create(creator, "website", None),
            "PLATFORM_KEY": await keys.create(InstallationRole.PLATFORM, "lms", None),
            "WHOP_TOKEN": at_whop.whop.token("user_ada"),
        }
        for command in _commands():
            if "$UPLOAD" in command:
                known["UPLOAD"] = await sender.begun((tmp_path / "lecture.mp4").stat().st_size)
            if "$MEDIA" in command or "$VIDEO" in command:
                known["VIDEO"] = await database.scalar("SELECT id FROM videos LIMIT 1")
                answer = await gateway.client.get(f"/api/videos/{known['VIDEO']}/media", headers=sender.headers)
                known["MEDIA"] = answer.json()["url"]
            await typed(command, tmp_path, **known)
    assert (tmp_path / "first-megabyte").read_bytes() == (tmp_path / "lecture.mp4").read_bytes()[: 1 << 20]


def test_each_use_is_there() -> None:
    shown = "\n".join(_commands())
    for wanted in ("$KEY", "$PLATFORM_KEY", "/api/whop/auth", "X PATCH", "X DELETE", "curl -sSI", "-F file", "/media"):
        assert wanted in shown
