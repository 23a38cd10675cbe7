"""Submitting lectures: the same bytes, or the same address, are the same video for ever."""

import hashlib
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.object_store import LocalObjectStore
from adapters.postgres.events import EventInbox
from adapters.postgres.video_changes import VideoWriter
from adapters.postgres.videos import VideoReader
from schemas.errors import (
    DownloadTooLarge,
    EventInvalid,
    FileNotReadable,
    LectureDeleted,
    StorageFull,
    UrlRefused,
    VideoNotFound,
)
from schemas.events import UploadCompleted
from schemas.ids import object_key
from starters.videos import LectureUrl, Submissions, find_video, is_url, read_file, read_url
from tests.databases import FreshDatabase

LIMIT = 1_000_000


@pytest.fixture
def creator() -> UUID:
    return uuid4()


@pytest.fixture
def reader(database: FreshDatabase) -> VideoReader:
    return VideoReader(database.app)


@pytest.fixture
def submissions(database: FreshDatabase, reader: VideoReader, tmp_path: Path) -> Submissions:
    return Submissions(reader, EventInbox(database.app), LocalObjectStore(tmp_path / "objects"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "On glaciers.MP4"
    path.write_bytes(b"moving pictures")
    return path


pytestmark = pytest.mark.servers


async def test_a_submitted_file_is_a_queued_video_with_its_bytes_kept(
    submissions: Submissions, reader: VideoReader, creator: UUID, file: Path, tmp_path: Path
) -> None:
    submitted = await submissions.submit_file(creator, await read_file(file, LIMIT))
    video = await reader.find(creator, submitted.video.video_id)
    key = object_key(creator, hashlib.sha256(b"moving pictures").hexdigest(), ".mp4")
    assert not submitted.is_repeat
    assert (video.title, video.status, video.source) == ("On glaciers", "queued", key)
    assert (tmp_path / "objects" / key).read_bytes() == b"moving pictures"


async def test_the_same_bytes_under_another_name_and_title_are_the_same_video(
    submissions: Submissions, reader: VideoReader, creator: UUID, file: Path
) -> None:
    first = await submissions.submit_file(creator, await read_file(file, LIMIT))
    renamed = file.rename(file.with_name("copy.mov"))
    again = await submissions.submit_file(creator, await read_file(renamed, LIMIT), title="Something else")
    assert again.video == first.video
    assert again.is_repeat
    assert (await reader.find(creator, first.video.video_id)).title == "On glaciers"


async def test_two_submissions_at_once_under_two_titles_are_one_video(
    database: FreshDatabase, reader: VideoReader, creator: UUID, file: Path, tmp_path: Path
) -> None:
    class LateInbox(EventInbox):
        """Another submission gets in between the look and the order."""

        async def accept_upload(self, key: str, event: UploadCompleted):  # type: ignore[no-untyped-def]
            await super().accept_upload(key, event.model_copy(update={"title": "The other's"}))
            return await super().accept_upload(key, event)

    submissions = Submissions(reader, LateInbox(database.app), LocalObjectStore(tmp_path / "objects"))
    submitted = await submissions.submit_file(creator, await read_file(file, LIMIT))
    assert submitted.is_repeat
    assert (await reader.find(creator, submitted.video.video_id)).title == "The other's"


async def test_equal_bytes_of_two_creators_are_two_videos(submissions: Submissions, creator: UUID, file: Path) -> None:
    lecture = await read_file(file, LIMIT)
    mine, theirs = [await submissions.submit_file(owner, lecture) for owner in (creator, uuid4())]
    assert mine.video.video_id != theirs.video.video_id


async def test_an_address_is_one_video_and_nothing_is_fetched(
    submissions: Submissions, reader: VideoReader, creator: UUID
) -> None:
    lecture = read_url("https://example.org/week%201/On%20rivers.mp4?download=1")
    first = await submissions.submit_url(creator, lecture)
    again = await submissions.submit_url(creator, lecture, title="Another title")
    video = await reader.find(creator, first.video.video_id)
    assert again.video == first.video
    assert (video.title, video.source) == ("On rivers", lecture.url)


async def test_a_lecture_that_was_deleted_is_refused_and_keeps_no_bytes(
    submissions: Submissions, database: FreshDatabase, creator: UUID, file: Path, tmp_path: Path
) -> None:
    lecture, address = await read_file(file, LIMIT), read_url("https://example.org/rivers.mp4")
    for video in (await submissions.submit_file(creator, lecture), await submissions.submit_url(creator, address)):
        await VideoWriter(database.app).delete(creator, video.video.video_id)
    kept = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    for path in kept:  # as the story of the deletion does
        path.unlink()
    with pytest.raises(LectureDeleted, match="On glaciers was deleted"):
        await submissions.submit_file(creator, lecture)
    with pytest.raises(LectureDeleted):
        await submissions.submit_url(creator, address)
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


async def test_a_store_that_is_full_leaves_no_video(
    database: FreshDatabase, reader: VideoReader, creator: UUID, file: Path, tmp_path: Path
) -> None:
    class FullStore(LocalObjectStore):
        async def put(self, key: str, path: Path) -> None:
            raise StorageFull("the disk of the object store is full")

    submissions = Submissions(reader, EventInbox(database.app), FullStore(tmp_path / "objects"))
    with pytest.raises(StorageFull):
        await submissions.submit_file(creator, await read_file(file, LIMIT))
    assert await reader.newest(creator) == []


async def test_a_file_that_changes_while_it_is_submitted_is_refused(
    submissions: Submissions, reader: VideoReader, creator: UUID, file: Path
) -> None:
    lecture = await read_file(file, LIMIT)
    file.write_bytes(b"moving pictures, and more")
    with pytest.raises(FileNotReadable, match="changed while it was read"):
        await submissions.submit_file(creator, lecture)
    assert await reader.newest(creator) == []


async def test_a_title_that_is_too_long_is_refused_before_anything_is_kept(
    submissions: Submissions, creator: UUID, file: Path, tmp_path: Path
) -> None:
    with pytest.raises(EventInvalid, match="title"):
        await submissions.submit_file(creator, await read_file(file, LIMIT), title="x" * 301)
    assert not (tmp_path / "objects").exists()


async def test_a_path_without_a_readable_file_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    for name, reason in {".": "is a folder", "empty.mp4": "is empty", "none.mp4": "No such file"}.items():
        with pytest.raises(FileNotReadable, match=reason):
            await read_file(tmp_path / name, LIMIT)
    with pytest.raises(FileNotReadable, match="is no file"):
        await read_file(Path("/dev/null"), LIMIT)


async def test_a_file_beyond_the_limit_is_refused_unread(file: Path) -> None:
    seen: list[int] = []
    with pytest.raises(DownloadTooLarge):
        await read_file(file, 3, lambda done, _total: seen.append(done))
    assert seen == []


async def test_reading_tells_how_far_it_is(file: Path) -> None:
    seen: list[tuple[int, int]] = []
    await read_file(file, LIMIT, lambda done, total: seen.append((done, total)))
    assert seen == [(15, 15)]


async def test_a_name_that_is_no_text_still_gives_a_title(tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9\x1b[31m\u202e.mp4"
    path.write_bytes(b"x")
    assert (await read_file(path, LIMIT)).title == "caf?[31m"


@pytest.mark.parametrize(
    "url", ["http://example.org/a.mp4", "ftp://example.org/a", "https:///a", "https://[x/a", "file:///etc/passwd"]
)
def test_only_https_addresses_are_taken(url: str) -> None:
    assert is_url(url) or url.startswith("https:")
    with pytest.raises(UrlRefused):
        read_url(url)


@pytest.mark.parametrize("path", ["", "%EF%B8%8F.mp4"])
def test_an_address_without_a_files_name_that_can_be_seen_is_titled_by_its_host(path: str) -> None:
    assert LectureUrl(f"https://example.org/{path}").title == "example.org"


async def test_a_video_is_named_by_id_first_digits_file_or_address(
    submissions: Submissions, reader: VideoReader, creator: UUID, file: Path
) -> None:
    submitted = await submissions.submit_file(creator, await read_file(file, LIMIT))
    by_address = await submissions.submit_url(creator, read_url("https://example.org/b.mp4"))
    key = str(submitted.video.video_id)
    for named in (key, key[:13], key[:13].upper(), str(file)):
        assert (await find_video(reader, creator, named, LIMIT)).id == submitted.video.video_id
    assert (await find_video(reader, creator, "https://example.org/b.mp4", LIMIT)).id == by_address.video.video_id


async def test_a_name_that_fits_no_video_or_several_is_not_found(
    submissions: Submissions, reader: VideoReader, creator: UUID, tmp_path: Path
) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(b"never processed")
    for number in range(17):  # of 17 ids two begin alike
        await submissions.submit_url(creator, read_url(f"https://example.org/{number}.mp4"))
    for named in ("no such thing", "%", str(other), str(uuid4())):
        with pytest.raises(VideoNotFound):
            await find_video(reader, creator, named, LIMIT)
    shared = [digit for digit in "0123456789abcdef" if len(await reader.starting_with(creator, digit)) > 1]
    with pytest.raises(VideoNotFound, match="more than one"):
        await find_video(reader, creator, shared[0], LIMIT)
