"""Where a download may lead: redirects, names that change their meaning, certificates, proxies."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from schemas.errors import DownloadRefused, UrlRefused
from tests.adapters.media.downloads import CONTENT, content, downloader, fetch
from tests.adapters.media.web_server import Behaviour, File, Seen, answers, certified, head, web_server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "lecture"


def redirecting(times: int, location: str) -> Behaviour:
    """`location` after so many redirects to ourselves."""

    async def behave(request: Seen, writer: asyncio.StreamWriter) -> None:
        step = int(request.path.rpartition("/")[2])
        to = f"/{step + 1}" if step + 1 < times else location
        writer.write(head("302 Found", Location=to, Content_Length=0))

    return behave


@pytest.mark.parametrize("times", [1, 3])
async def test_up_to_three_redirects_are_followed(target: Path, times: int) -> None:
    file = File(CONTENT)

    async def behave(request: Seen, writer: asyncio.StreamWriter) -> None:
        await (file if request.path == "/file" else redirecting(times, "/file"))(request, writer)

    async with web_server(behave) as server:
        await fetch(server, target, "/0")
    assert content(target) == CONTENT


async def test_a_fourth_redirect_is_refused(target: Path) -> None:
    async with web_server(redirecting(99, "/")) as server:
        with pytest.raises(DownloadRefused, match="redirects"):
            await fetch(server, target, "/0")
        assert len(server.seen) == 4


@pytest.mark.parametrize(
    "location",
    [
        *("http://127.0.0.1:1/admin", "https://127.0.0.1/admin", "https://[::1]/", "http://169.254.169.254/latest/"),
        *("//127.0.0.1:1/", "https://localhost/", "file:///etc/passwd", "http://example.com/", "https://0x7f.1/"),
        *("https://user@example.com/", "http://[::1", "https://2130706433/"),
    ],
)
async def test_a_redirect_is_judged_like_the_first_address(target: Path, location: str) -> None:
    async with web_server(redirecting(1, location)) as server:
        with pytest.raises(UrlRefused):
            await fetch(server, target, "/0")
        assert len(server.seen) == 1


class Rebinding:
    """Answers as an attacker's name server does: first a public address, afterwards ours."""

    def __init__(self, *numbers: str) -> None:
        self.numbers = list(numbers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _: int) -> Sequence[str]:
        self.asked.append(host)
        return [self.numbers.pop(0) if len(self.numbers) > 1 else self.numbers[0]]


async def test_a_name_is_looked_up_once_and_not_again_when_connecting(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name means our server to us and nothing to the system: whoever looks it up again fails."""
    server_tls, client_tls = certified(tmp_path, "lectures.example")
    async with web_server(File(CONTENT), server_tls) as server:
        resolver = Rebinding("127.0.0.1", "10.0.0.1")
        fetching = downloader(server, allowed_hosts=["lectures.example"], resolve=resolver, tls=client_tls)
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
        await fetching.download(f"https://lectures.example:{server.port}/a?token=1", target, lambda _: None)
        assert resolver.asked == ["lectures.example"]
        (request,) = server.seen
    assert (request.server_name, request.path) == ("lectures.example", "/a?token=1")
    assert request.headers["host"] == f"lectures.example:{server.port}"
    assert content(target) == CONTENT


async def test_a_name_that_rebinds_to_a_private_number_is_refused_at_its_redirect(tmp_path: Path, target: Path) -> None:
    resolver = Rebinding("127.0.0.1", "10.0.0.1")
    server_tls, client_tls = certified(tmp_path, "lectures.example")
    async with web_server(redirecting(1, "https://lectures.example/again"), server_tls) as server:
        allowed = [f"lectures.example:{server.port}"]
        fetching = downloader(server, allowed_hosts=allowed, resolve=resolver, tls=client_tls)
        with pytest.raises(UrlRefused):
            await fetching.download(f"https://lectures.example:{server.port}/0", target, lambda _: None)
        assert len(server.seen) == 1


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_for_another_name_or_of_nobody_is_refused(
    tmp_path: Path, target: Path, trusted: bool
) -> None:
    server_tls, client_tls = certified(tmp_path, "other.example" if trusted else "lectures.example")
    if not trusted:
        client_tls = ssl.create_default_context()
    async with web_server(File(CONTENT), server_tls) as server:
        fetching = downloader(
            server, allowed_hosts=["lectures.example"], resolve=Rebinding("127.0.0.1"), tls=client_tls
        )
        with pytest.raises(DownloadRefused, match="certificate"):
            await fetching.download(f"https://lectures.example:{server.port}/", target, lambda _: None)
        assert server.seen == []


async def test_a_second_number_is_tried_where_the_first_does_not_answer(target: Path) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with web_server(File(CONTENT)) as server:
        fetching = downloader(server, allowed_hosts=["lectures.example"], resolve=resolve)
        await fetching.download(f"http://lectures.example:{server.port}/", target, lambda _: None)
    assert content(target) == CONTENT


async def test_no_message_repeats_a_signed_address(target: Path) -> None:
    async with web_server(answers("403 Forbidden")) as server:
        with pytest.raises(DownloadRefused) as caught:
            await fetch(server, target, "/lecture.mp4?signature=canary")
    assert "canary" not in str(caught.value)
