"""Playing: an address for whoever may see the video, ranges for the player, and nothing for a forger."""

import base64
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr, ValidationError

from adapters.settings import Settings
from adapters.tokens.media_links import MediaLink, MediaLinks, media_secrets
from schemas.errors import MediaLinkInvalid, SettingsInvalid
from tests.callers import enrolled
from tests.databases import FreshDatabase, queued_video
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

CONTENT = bytes(range(256)) * 12_000  # three blocks
LINK = MediaLink(creator_id=UUID(int=1), video_id=UUID(int=2), object_key="a/b", media_type="x/y", expires_at=2**40)


@dataclass(frozen=True)
class Lecture:
    creator: UUID
    video: UUID

    @property
    def path(self) -> str:
        return f"/api/videos/{self.video}/media"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lecture(gateway: Gateway) -> Lecture:
    creator = uuid4()
    answer = await gateway.client.post(
        "/api/videos", headers=gateway.creator(creator), files={"file": ("On glaciers.MP4", CONTENT, "text/html")}
    )
    assert answer.status_code == 201, answer.text
    return Lecture(creator, UUID(answer.json()["id"]))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def url(gateway: Gateway, lecture: Lecture) -> str:
    answer = await gateway.client.get(lecture.path, headers=gateway.creator(lecture.creator))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


async def play(gateway: Gateway, url: str, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gateway.client.get(url, headers=named)


async def test_the_address_plays_without_a_credential_and_says_what_it_is(gateway: Gateway, url: str) -> None:
    answer = await play(gateway, url)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == "inline"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=3000000-", 3_000_000, len(CONTENT)),
        ("bytes=-5", len(CONTENT) - 5, len(CONTENT)),
        ("bytes=-99999999999", 0, len(CONTENT)),
        ("bytes=5-99999999999", 5, len(CONTENT)),
        ("bytes=0-", 0, len(CONTENT)),
        ("bytes=1048575-1048577", 1_048_575, 1_048_578),
    ],
)
async def test_a_player_gets_the_range_it_asks_for(
    gateway: Gateway, url: str, asked: str, start: int, end: int
) -> None:
    answer = await play(gateway, url, Range=asked)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert answer.headers["Content-Length"] == str(end - start)
    assert answer.content == CONTENT[start:end]


async def test_a_range_behind_the_end_is_refused_with_the_length(gateway: Gateway, url: str) -> None:
    for asked in (f"bytes={len(CONTENT)}-", "bytes=-0", f"bytes={len(CONTENT)}-{len(CONTENT) + 5}"):
        answer = await play(gateway, url, Range=asked)
        assert answer.status_code == 416, asked
        assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"
        assert answer.json()["code"] == "range_not_satisfiable"


async def test_a_range_that_is_none_is_the_whole_file(gateway: Gateway, url: str) -> None:
    for asked in ("bytes=5-3", "bytes=-", "bytes=a-b", "lines=0-5", "bytes=0-1,5-6", "bytes=" + "9" * 30 + "-"):
        answer = await play(gateway, url, Range=asked)
        assert (answer.status_code, len(answer.content)) == (200, len(CONTENT)), asked


async def test_a_range_of_another_version_is_the_whole_file(gateway: Gateway, url: str) -> None:
    etag = (await play(gateway, url)).headers["ETag"]
    assert (await play(gateway, url, Range="bytes=0-4", If_Range=etag)).status_code == 206
    assert (await play(gateway, url, Range="bytes=0-4", If_Range='"other"')).status_code == 200


async def test_a_player_that_has_the_file_is_not_sent_it_again(gateway: Gateway, url: str) -> None:
    etag = (await play(gateway, url)).headers["ETag"]
    for held in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        unchanged = await play(gateway, url, If_None_Match=held)
        assert (unchanged.status_code, unchanged.content) == (304, b""), held
    lines = [("If-None-Match", '"x"'), ("If-None-Match", etag)]
    assert (await gateway.client.get(url, headers=lines)).status_code == 304
    for held in ('"x"', etag[:-1], ""):
        assert (await play(gateway, url, If_None_Match=held)).status_code == 200, held


async def test_head_tells_the_length_and_sends_nothing(gateway: Gateway, url: str) -> None:
    answer = await gateway.client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))


async def test_a_tampered_address_is_refused(gateway: Gateway, url: str) -> None:
    path, _, token = url.rpartition("/")
    said = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    other = said.replace(b"/file", b"/fil2")
    assert other != said
    for forged in (
        base64.urlsafe_b64encode(other).decode().rstrip("="),
        token[:-4],
        "A" + token[1:] if token[0] != "A" else "B" + token[1:],
        "x",
        "é",
        "A" * 1_999,
    ):
        answer = await gateway.client.get(f"{path}/{forged}")
        assert answer.status_code == 403, forged
        assert answer.json()["code"] == "media_link_invalid"


def test_an_address_is_good_until_it_expires() -> None:
    links = MediaLinks(b"secret")
    assert links.read(links.token(LINK)) == LINK
    late = LINK.model_copy(update={"expires_at": int(time.time()) - 1})
    with pytest.raises(MediaLinkInvalid, match="expired"):
        links.read(links.token(late))


def test_a_secret_is_rotated_while_addresses_are_out() -> None:
    before, during, after = MediaLinks(b"old"), MediaLinks(b"new", b"old"), MediaLinks(b"new")
    token = before.token(LINK)
    assert during.read(token) == LINK
    assert after.read(during.token(LINK)) == LINK
    with pytest.raises(MediaLinkInvalid):
        after.read(token)


def test_the_secret_is_the_settings_own_else_one_beside_the_development_key(tmp_path: Path) -> None:
    key = str(tmp_path / "home" / "development.key")
    made = media_secrets(Settings.model_construct(development_key_file=key))
    assert made == media_secrets(Settings.model_construct(development_key_file=key))
    assert [len(secret) for secret in made] == [32]
    (file,) = (tmp_path / "home").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    own = Settings.model_construct(media_signing_secrets=(SecretStr("x" * 32),), development_key_file=key)
    assert media_secrets(own) == (b"x" * 32,)
    with pytest.raises(SettingsInvalid):
        media_secrets(Settings.model_construct(development_key_file=""))
    with pytest.raises(ValidationError):
        Settings(media_signing_secrets=(SecretStr("short"),))


async def test_another_creator_and_a_stranger_get_no_address(gateway: Gateway, lecture: Lecture) -> None:
    other = await gateway.client.get(lecture.path, headers=gateway.creator(uuid4()))
    assert (other.status_code, other.json()["code"]) == (404, "video_not_found")
    assert (await gateway.client.get(lecture.path)).status_code == 401


async def test_a_student_gets_one_for_what_is_published_while_the_membership_lasts(
    gateway: Gateway, lecture: Lecture, database: FreshDatabase
) -> None:
    headers = gateway.student(lecture.creator, "ada")

    async def status() -> int:
        return (await gateway.client.get(lecture.path, headers=headers)).status_code

    await enrolled(database, lecture.creator, "ada", "expired")
    await database.scalar("UPDATE videos SET published = true WHERE id = $1", lecture.video)
    assert await status() == 404
    await database.scalar("UPDATE memberships SET status = 'active' WHERE creator_id = $1", lecture.creator)
    assert await status() == 200
    await database.scalar("UPDATE videos SET published = false WHERE id = $1", lecture.video)
    assert await status() == 404


async def test_a_key_of_another_creators_folder_gives_no_address(gateway: Gateway, database: FreshDatabase) -> None:
    video = await queued_video(database.app)  # its event named the key a/b
    answer = await gateway.client.get(f"/api/videos/{video.video_id}/media", headers=gateway.creator(video.creator_id))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
