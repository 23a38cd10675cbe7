"""Downloads over real sockets: resumed, bounded, and complete or not there."""

import asyncio
from pathlib import Path

import pytest

from adapters.media.partial_file import PartialFile
from schemas.errors import DownloadInterrupted, DownloadRefused, DownloadTooLarge, StorageFull
from tests.adapters.media.disks import small_disk
from tests.adapters.media.downloads import CONTENT, OTHER_CONTENT, content, fetch
from tests.adapters.media.web_server import Behaviour, File, Seen, answers, head, web_server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "lecture"


async def test_the_bytes_arrive_and_nothing_else_stays(target: Path) -> None:
    async with web_server(File(CONTENT)) as server:
        progress = await fetch(server, target)
    assert content(target) == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["lecture"]
    assert (progress, progress[-1]) == (sorted(progress), len(CONTENT))


async def test_a_complete_file_is_not_asked_for_again(target: Path) -> None:
    async with web_server(File(CONTENT)) as server:
        await fetch(server, target)
        await fetch(server, target)
        assert len(server.seen) == 1


async def test_a_cut_download_goes_on_where_it_ended(target: Path) -> None:
    async with web_server(File(CONTENT, cut=1_700_000, cuts=1)) as server:
        with pytest.raises(DownloadInterrupted):
            await fetch(server, target)
        await fetch(server, target)
        assert server.seen[1].headers["range"] == "bytes=1700000-"
    assert content(target) == CONTENT


async def test_a_download_that_breaks_every_half_megabyte_arrives_in_the_end(target: Path) -> None:
    async with web_server(File(CONTENT, cut=500_000, cuts=5)) as server:
        for _ in range(5):
            with pytest.raises(DownloadInterrupted):
                await fetch(server, target)
        await fetch(server, target)
    assert content(target) == CONTENT


@pytest.mark.parametrize("heeds_if_range", [True, False])
async def test_a_file_that_changed_in_between_is_never_patched_together(target: Path, heeds_if_range: bool) -> None:
    async with web_server(File(CONTENT, cut=1_000_000, cuts=1)) as server:
        with pytest.raises(DownloadInterrupted):
            await fetch(server, target)
        server.behave = File(OTHER_CONTENT, etag='"two"', heeds_if_range=heeds_if_range)
        if not heeds_if_range:
            with pytest.raises(DownloadInterrupted):
                await fetch(server, target)
        await fetch(server, target)
    assert content(target) == OTHER_CONTENT


async def test_a_file_that_became_shorter_than_what_we_have_is_begun_again(target: Path) -> None:
    async with web_server(File(CONTENT, cut=1_000_000, cuts=1)) as server:
        with pytest.raises(DownloadInterrupted):
            await fetch(server, target)
        server.behave = File(CONTENT[:900_000], heeds_if_range=False)
        with pytest.raises(DownloadInterrupted):
            await fetch(server, target)
        await fetch(server, target)
    assert content(target) == CONTENT[:900_000]


@pytest.mark.parametrize(
    ("etag", "last_modified", "continued"),
    [
        (None, None, False),
        ('W/"weak"', None, False),
        (None, "Mon, 23 Nov 2026 10:00:00 GMT", True),
        ('W/"weak"', "Mon, 23 Nov 2026 10:00:00 GMT", True),
    ],
)
async def test_only_a_strong_sign_that_the_file_is_the_same_lets_it_go_on(
    target: Path, etag: str | None, last_modified: str | None, continued: bool
) -> None:
    file = File(CONTENT, etag=etag, last_modified=last_modified, cut=1_000_000, cuts=1)
    async with web_server(file) as server:
        with pytest.raises(DownloadInterrupted):
            await fetch(server, target)
        await fetch(server, target)
        assert ("range" in server.seen[1].headers) is continued
    assert content(target) == CONTENT


async def test_a_worker_killed_before_the_last_rename_does_not_fetch_again(target: Path) -> None:
    with PartialFile(target) as partial:
        partial.begin('"one"', len(CONTENT))
        partial.write(CONTENT)
    async with web_server(File(CONTENT)) as server:
        await fetch(server, target)
        assert server.seen == []
    assert content(target) == CONTENT


async def test_two_workers_do_not_write_one_file(target: Path) -> None:
    async with web_server(File(CONTENT)) as server:
        with PartialFile(target), pytest.raises(DownloadInterrupted):
            await fetch(server, target)
        assert server.seen == []


@pytest.mark.parametrize(
    "status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone", "204 No Content"]
)
async def test_a_no_is_for_good_and_leaves_nothing(target: Path, status: str) -> None:
    async with web_server(answers(status)) as server:
        with pytest.raises(DownloadRefused, match=status[:3]):
            await fetch(server, target)
    assert not list(target.parent.iterdir())


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad Gateway", "503 Busy", "429 Slow Down", "408 Timeout"])
async def test_a_failure_of_the_server_is_waited_out(target: Path, status: str) -> None:
    async with web_server(answers(status)) as server:
        with pytest.raises(DownloadInterrupted, match=status[:3]) as caught:
            await fetch(server, target)
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("17", 17),
        ("-5", 0),
        ("999999999", 3_600),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3_600),
        ("soon", None),
        ("nan", None),
    ],
)
async def test_the_server_says_when_to_come_back_but_not_in_a_week(
    target: Path, said: str, seconds: float | None
) -> None:
    async with web_server(answers("503 Busy", Retry_After=said)) as server:
        with pytest.raises(DownloadInterrupted) as caught:
            await fetch(server, target)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "behave",
    [
        answers("200 OK", b"<html>Please log in", Content_Type="text/html; charset=utf-8"),
        answers("200 OK", b"compressed", Content_Encoding="gzip"),
    ],
)
async def test_what_cannot_be_the_file_is_refused_at_its_first_line(target: Path, behave: Behaviour) -> None:
    async with web_server(behave) as server:
        with pytest.raises(DownloadRefused):
            await fetch(server, target)


async def test_a_file_that_says_it_is_too_large_is_not_begun(target: Path) -> None:
    async def boast(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", Content_Length=10**12))
        await asyncio.sleep(5)

    async with web_server(boast) as server:
        with pytest.raises(DownloadTooLarge):
            await fetch(server, target, idle_seconds=1)
    assert not list(target.parent.iterdir())


async def test_a_file_that_does_not_say_how_large_it_is_is_cut_off_at_the_limit(target: Path) -> None:
    sent = 0

    async def endless(_: Seen, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head("200 OK"))
        while True:
            writer.write(bytes(100_000))
            await writer.drain()
            sent += 100_000

    async with web_server(endless) as server:
        with pytest.raises(DownloadTooLarge):
            await fetch(server, target, max_bytes=1_000_000)
    assert not list(target.parent.iterdir())
    assert sent < 20_000_000


async def test_a_server_that_drips_is_left_when_the_time_is_over_and_its_drops_are_kept(target: Path) -> None:
    async def drip(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", Content_Length=1_000_000, ETag='"one"'))
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with web_server(drip) as server:
        with pytest.raises(DownloadInterrupted):
            await fetch(server, target, timeout_seconds=0.5)
    assert target.with_name("lecture.part").stat().st_size > 0


async def test_a_server_that_falls_silent_is_left(target: Path) -> None:
    async def silence(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", Content_Length=10) + b"12345")
        await writer.drain()
        await asyncio.sleep(5)

    async with web_server(silence) as server:
        with pytest.raises(DownloadInterrupted, match="ReadTimeout"):
            await fetch(server, target, idle_seconds=0.2)


async def test_nobody_at_the_address_is_waited_out(target: Path) -> None:
    async with web_server(File(CONTENT)) as server:
        pass
    with pytest.raises(DownloadInterrupted):
        await fetch(server, target)


async def test_a_full_disk_is_ours(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        async with web_server(File(CONTENT)) as server:
            with pytest.raises(StorageFull):
                await fetch(server, disk / "lecture")
