"""Who may do what: each kind of credential alone, never two, never a cookie; and which pages may call."""

import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.postgres.keys import ServiceKeys
from schemas.keys import InstallationRole, KeyOwner
from tests.conftest import Servers
from tests.databases import FreshDatabase, queued_video
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.whop import WhopGateway, creator_of, outcome

pytestmark = pytest.mark.servers


async def _key(database: FreshDatabase, owner: KeyOwner) -> dict[str, str]:
    key = await ServiceKeys(database.app).create(owner, f"test {uuid4()}", None)
    return {"Authorization": f"Bearer {key}"}


def _naming(creator: UUID) -> dict[str, str]:
    return {"X-Creator-Id": str(creator)}


async def test_a_creators_key_acts_for_that_creator(gateway: Gateway, database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    path = f"/api/videos/{video.video_id}"
    mine, theirs = await _key(database, video.creator_id), await _key(database, uuid4())
    for named in ({}, _naming(video.creator_id)):
        assert (await gateway.client.get(path, headers=mine | named)).status_code == 200
    assert outcome(await gateway.client.get(path, headers=theirs)) == (404, "video_not_found")
    assert outcome(await gateway.client.get(path, headers=theirs | _naming(video.creator_id))) == (403, "forbidden")


async def test_the_platforms_key_acts_for_whom_it_names(gateway: Gateway, database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    path = f"/api/videos/{video.video_id}"
    platform = await _key(database, InstallationRole.PLATFORM)
    named = await gateway.client.get(path, headers=platform | _naming(video.creator_id))
    assert named.json()["id"] == str(video.video_id)
    assert outcome(await gateway.client.get(path, headers=platform | _naming(uuid4()))) == (404, "video_not_found")
    unnamed = await gateway.client.get(path, headers=platform)
    assert outcome(unnamed) == (422, "request_invalid")
    assert unnamed.json()["errors"][0]["field"] == "header.X-Creator-Id"


async def test_an_operators_key_reads_no_lecture(gateway: Gateway, database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    operator = await _key(database, InstallationRole.OPERATOR)
    for named in ({}, _naming(video.creator_id)):
        answer = await gateway.client.get(f"/api/videos/{video.video_id}", headers=operator | named)
        assert outcome(answer) == (403, "forbidden")


async def test_a_developers_token_names_no_other_creator_than_its_own(
    gateway: Gateway, database: FreshDatabase
) -> None:
    video = await queued_video(database.app)
    shown = gateway.creator(uuid4()) | _naming(video.creator_id)
    assert outcome(await gateway.client.get(f"/api/videos/{video.video_id}", headers=shown)) == (403, "forbidden")


async def test_two_credentials_are_none(at_whop: WhopGateway, database: FreshDatabase) -> None:
    company = f"biz_{uuid4().hex[:12]}"
    creator = creator_of(company)
    at_whop.whop.grant("user_owner", company, "admin")
    await at_whop.sign_in("user_owner", company)
    key = (await _key(database, creator))["Authorization"]
    development = at_whop.gateway.creator(creator)["Authorization"]
    whop = at_whop.whop.token("user_owner")
    named = ("X-Creator-Id", str(creator))
    path = f"/api/videos/{uuid4()}"
    for one in (("Authorization", key), ("Authorization", development), ("X-Whop-User-Token", whop)):
        alone = await at_whop.client.get(path, headers=[named, one])
        assert outcome(alone) == (404, "video_not_found")
        for other in (("authorization", key), ("AUTHORIZATION", development), ("x-whop-user-token", whop)):
            both = await at_whop.client.get(path, headers=[named, one, other])
            assert outcome(both) == (401, "unauthenticated")


async def test_a_key_where_it_is_not_looked_for_is_no_credential(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    key = (await _key(database, creator))["Authorization"].removeprefix("Bearer ")
    path = f"/api/videos/{uuid4()}"
    for url, headers in (
        (path, {"Cookie": f"Authorization=Bearer {key}; token={key}; X-Whop-User-Token={key}"}),
        (f"{path}?access_token={key}&token={key}&authorization=Bearer+{key}", {}),
        (path, {"X-Api-Key": key}),
        (path, {"Authorization": key}),
        (path, {"Authorization": f"Basic {key}"}),
        (path, {"Authorization": f"Bearer {key} {key}"}),
        (path, {"X-Whop-User-Token": key}),
        (path, {"Proxy-Authorization": f"Bearer {key}"}),
    ):
        answer = await gateway.client.get(url, headers=headers | _naming(creator))
        assert outcome(answer) == (401, "unauthenticated"), headers


@pytest.mark.parametrize(
    "token", ["WyJhbGciXQ.e30.AAAA", "ImFsZyI.e30.AAAA", "bnVsbA.e30.AAAA", "e30.e30.", "a", "..."]
)
async def test_a_bearer_of_any_shape_is_refused_and_no_bug(gateway: Gateway, token: str) -> None:
    answer = await gateway.client.get(f"/api/videos/{uuid4()}", headers={"Authorization": f"Bearer {token}"})
    assert outcome(answer) == (401, "unauthenticated")


async def test_where_no_development_key_is_set_its_tokens_are_refused(
    servers: Servers, database: FreshDatabase, tmp_path: Path, gateway: Gateway
) -> None:
    creator = uuid4()
    key = await _key(database, creator)
    async with running_gateway(gateway_settings(servers, database, tmp_path, development_key_file="")) as production:
        path = f"/api/videos/{uuid4()}"
        assert outcome(await production.client.get(path, headers=gateway.creator(creator)))[0] == 401
        assert outcome(await production.client.get(path, headers=key)) == (404, "video_not_found")


async def test_the_contract_names_the_credentials_and_the_creators_header(gateway: Gateway) -> None:
    contract = (await gateway.client.get("/openapi.json")).json()
    parameters = contract["paths"]["/api/videos/{video_id}"]["get"]["parameters"]
    assert "X-Creator-Id" in {parameter["name"] for parameter in parameters}
    assert contract["paths"]["/api/webhooks/whop"]["post"]["requestBody"]["required"] is True
    schemes = contract["components"]["securitySchemes"].values()
    assert {"bearer", "X-Whop-User-Token"} <= {scheme.get("scheme") or scheme["name"] for scheme in schemes}


# ---- Pages of other origins ------------------------------------------------------------------------------------------

OURS = "https://app.example.com"
STRANGERS = (
    "https://evil.example", "null", "https://app.example.com.evil.example", "https://evilapp.example.com",
    "http://app.example.com", "https://app.example.com:8443", "https://APP.example.com", "file://", "*", "",
)  # fmt: skip


async def test_only_listed_pages_may_read_an_answer(servers: Servers, database: FreshDatabase, tmp_path: Path) -> None:
    settings = gateway_settings(servers, database, tmp_path, api_allowed_origins=(OURS,))
    async with running_gateway(settings) as there:
        for path in ("/healthz", f"/api/videos/{uuid4()}"):
            ours = await there.client.get(path, headers={"Origin": OURS})
            assert ours.headers["access-control-allow-origin"] == OURS
            assert "origin" in ours.headers["vary"].lower()
            assert "access-control-allow-credentials" not in ours.headers
            for origin in STRANGERS:
                theirs = await there.client.get(path, headers={"Origin": origin})
                assert "access-control-allow-origin" not in theirs.headers, origin


async def test_only_listed_pages_may_send_what_is_not_simple(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    asked = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    path = f"/api/videos/{uuid4()}"
    settings = gateway_settings(servers, database, tmp_path, api_allowed_origins=(OURS,))
    async with running_gateway(settings) as there:
        ours = await there.client.options(path, headers={"Origin": OURS, **asked})
        assert (ours.status_code, ours.headers["access-control-allow-origin"]) == (200, OURS)
        assert "access-control-allow-credentials" not in ours.headers
        for origin in STRANGERS:
            theirs = await there.client.options(path, headers={"Origin": origin, **asked})
            assert theirs.status_code >= 400
            assert "access-control-allow-origin" not in theirs.headers


async def test_by_default_no_page_may(gateway: Gateway) -> None:
    for origin in (OURS, *STRANGERS):
        answer = await gateway.client.get("/healthz", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers


async def test_even_open_to_every_page_no_credentials_of_a_browser_are_sent(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    settings = gateway_settings(servers, database, tmp_path, api_allowed_origins=("*",))
    async with running_gateway(settings) as there:
        answer = await there.client.get("/healthz", headers={"Origin": "https://evil.example", "Cookie": "a=b"})
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_no_route_sets_a_cookie(at_whop: WhopGateway, database: FreshDatabase) -> None:
    """Nothing that a browser sends by itself is a credential here, so a forged request of a page has none."""
    company = f"biz_{uuid4().hex[:12]}"
    at_whop.whop.grant("user_owner", company, "admin")
    signed_in = await at_whop.sign_in("user_owner", company)
    assert signed_in.status_code == 200
    assert "set-cookie" not in signed_in.headers
    paths = (await at_whop.client.get("/openapi.json")).json()["paths"]
    shown = at_whop.person("user_owner", creator_of(company))
    for path, methods in paths.items():
        for method in methods:
            for headers in ({}, shown):
                url = re.sub(r"\{\w+\}", str(uuid4()), path)
                answer = await at_whop.client.request(method, url, headers=headers)
                assert "set-cookie" not in answer.headers, path
