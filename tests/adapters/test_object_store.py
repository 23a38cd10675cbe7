"""Both object stores keep bytes under a key as their port says: the folder, and S3 over real HTTP."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from adapters.object_store import LocalObjectStore, S3ObjectStore, Store, open_object_store
from adapters.settings import Settings
from schemas.errors import FileNotReadable, ObjectStoreUnavailable, SettingsInvalid, StorageFull
from tests.adapters.media.disks import small_disk

KEY = "0f1c6a52-7a53-5b0e-9d3a-6d656e746f72/ab/abcdef.source"
CONTENT = bytes(range(256)) * 100
LARGE = os.urandom(1 << 20) * 36  # three parts of an upload to S3


def s3(endpoint: str, bucket: str = "lectures", prefix: str = "one/two") -> S3ObjectStore:
    return S3ObjectStore(bucket, prefix, endpoint, "us-east-1", "key", "secret")


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return LocalObjectStore(tmp_path / "objects")
    return s3(request.getfixturevalue("endpoint"), prefix=tmp_path.name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def content(path: Path) -> bytes:
    return path.read_bytes()


async def test_what_is_put_comes_back(store: Store, file: Path, tmp_path: Path) -> None:
    await store.put(KEY, file)
    await store.fetch(KEY, tmp_path / "back")
    assert content(tmp_path / "back") == CONTENT
    assert await store.size(KEY) == len(CONTENT)
    assert await store.read(KEY, 100, 50) == CONTENT[100:150]


async def test_a_file_of_several_parts_comes_back(store: Store, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(LARGE)
    await store.put(KEY, large)
    await store.fetch(KEY, tmp_path / "back")
    assert content(tmp_path / "back") == LARGE


async def test_putting_twice_changes_nothing(store: Store, file: Path) -> None:
    await store.put(KEY, file)
    await store.put(KEY, file)
    assert await store.size(KEY) == len(CONTENT)


async def test_what_is_removed_is_gone_and_removing_twice_is_once(store: Store, file: Path, tmp_path: Path) -> None:
    other = KEY.replace("abcdef", "another")
    for key in (KEY, other):
        await store.put(key, file)
    for _ in range(2):
        await store.remove(KEY)
        assert await store.size(KEY) is None
        assert await store.size(other) == len(CONTENT)


async def test_what_is_stored_does_not_follow_changes_of_the_file_it_came_from(store: Store, file: Path) -> None:
    await store.put(KEY, file)
    with file.open("r+b") as changed:
        changed.write(b"changed")
    assert await store.read(KEY, 0, 7) == CONTENT[:7]


async def test_a_key_that_holds_nothing_has_no_size_and_cannot_be_read(store: Store, tmp_path: Path) -> None:
    assert await store.size(KEY) is None
    with pytest.raises(FileNotReadable):
        await store.read(KEY, 0, 1)
    with pytest.raises(FileNotReadable):
        await store.fetch(KEY, tmp_path / "back")
    assert {path.name for path in os.scandir(tmp_path)} <= {"objects"}


@pytest.mark.parametrize(("start", "length"), [(len(CONTENT) - 5, 6), (len(CONTENT), 1), (len(CONTENT) + 9, 1)])
async def test_fewer_bytes_than_asked_for_are_an_error(store: Store, file: Path, start: int, length: int) -> None:
    await store.put(KEY, file)
    with pytest.raises(FileNotReadable):
        await store.read(KEY, start, length)


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/etc/passwd", "../secret", "a/../../secret", "a/..", "a/./b", "a//b", "a/", ".hidden", ".put/1"),
        *("a\\..\\b", "a\x00b", "a\nb", "a b", "a%2e%2e/b", "ü/b", "\u202eb", "~root", "a" * 256, "a/" * 250 + "aa"),
    ],
)
async def test_a_key_that_could_lead_elsewhere_is_no_key(store: Store, file: Path, key: str) -> None:
    for attempt in (
        store.put(key, file),
        store.fetch(key, file.with_name("x")),
        store.read(key, 0, 1),
        store.size(key),
        store.remove(key),
        store.remove_below(key),
    ):
        with pytest.raises(FileNotReadable):
            await attempt


async def test_a_full_disk_is_named_and_leaves_no_half_file(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(LARGE)
    with small_disk(tmp_path / "disk") as disk:
        store = LocalObjectStore(disk / "objects")
        with pytest.raises(StorageFull):
            await store.put(KEY, large)
        assert [path for path in (disk / "objects").rglob("*") if path.is_file()] == []
        keeping = LocalObjectStore(tmp_path / "objects")
        await keeping.put(KEY, large)
        with pytest.raises(StorageFull):
            await keeping.fetch(KEY, disk / "back")
        assert not list(disk.glob("back"))


async def test_a_repeated_put_sends_nothing_to_s3(endpoint: str, file: Path) -> None:
    """Whoever may only read can repeat a put, so nothing was written."""
    await s3(endpoint).put(KEY, file)
    file_elsewhere = file.with_name("elsewhere")
    file_elsewhere.write_bytes(CONTENT[::-1])
    await s3(endpoint).put(KEY, file_elsewhere)
    assert await s3(endpoint).read(KEY, 0, 9) == CONTENT[:9]


async def test_a_prefix_is_part_of_the_name_in_the_bucket(endpoint: str, file: Path) -> None:
    await s3(endpoint, prefix="deep/er").put("a/b", file)
    assert await s3(endpoint, prefix="").size("deep/er/a/b") == len(CONTENT)


async def test_a_store_that_is_away_is_waited_for(file: Path) -> None:
    away = s3("http://127.0.0.1:9")
    for attempt in (away.put(KEY, file), away.fetch(KEY, file.with_name("x")), away.read(KEY, 0, 1), away.size(KEY)):
        with pytest.raises(ObjectStoreUnavailable):
            await attempt


async def test_a_bucket_that_does_not_exist_is_not_the_files_fault(endpoint: str, file: Path) -> None:
    store = s3(endpoint, bucket="nowhere")
    for attempt in (store.put(KEY, file), store.read(KEY, 0, 1)):
        with pytest.raises(ObjectStoreUnavailable):
            await attempt


def settings(url: str, **others: object) -> Settings:
    return Settings.model_construct(object_store_url=url, **others)  # type: ignore[arg-type]


async def test_settings_choose_the_folder_in_the_home(tmp_path: Path, file: Path) -> None:
    await open_object_store(settings("", home=tmp_path)).put(KEY, file)
    assert content(tmp_path / "objects" / KEY) == CONTENT


async def test_settings_choose_a_folder_by_its_address(tmp_path: Path, file: Path) -> None:
    await open_object_store(settings(f"file://{tmp_path}/with%20blank")).put(KEY, file)
    assert content(tmp_path / "with blank" / KEY) == CONTENT


async def test_settings_choose_a_bucket_and_a_prefix(endpoint: str, file: Path) -> None:
    chosen = settings(
        "s3://lectures/by/settings",
        s3_endpoint=endpoint,
        s3_access_key_id=SecretStr("key"),
        s3_secret_access_key=SecretStr("secret"),
    )
    await open_object_store(chosen).put(KEY, file)
    assert await s3(endpoint, prefix="by/settings").size(KEY) == len(CONTENT)


@pytest.mark.parametrize("url", ["file://host/folder", "file:folder", "s3://", "gs://bucket", "/folder", "bucket"])
def test_an_address_of_another_kind_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsInvalid):
        open_object_store(settings(url))


async def _blocks(*blocks: bytes) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block


async def test_a_file_is_poured_together_from_its_pieces(store: Store) -> None:
    third = len(LARGE) // 3
    await store.pour(KEY, _blocks(*(LARGE[at : at + third] for at in range(0, len(LARGE), third))))
    assert await store.size(KEY) == len(LARGE)
    assert await store.read(KEY, third - 5, 10) == LARGE[third - 5 : third + 5]


async def test_a_pouring_that_breaks_off_leaves_nothing_under_the_key(store: Store) -> None:
    async def broken() -> AsyncIterator[bytes]:
        for at in range(3):
            yield LARGE[at << 23 : (at + 1) << 23]
        raise ObjectStoreUnavailable("a piece cannot be read")

    with pytest.raises(ObjectStoreUnavailable, match="a piece cannot be read"):
        await store.pour(KEY, broken())
    assert await store.size(KEY) is None


async def test_what_lies_below_a_prefix_is_removed_and_nothing_beside_it(store: Store) -> None:
    keys = ("a/one/x", "a/one/deep/y", "a/one-more/z", "a/two")
    for key in keys:
        await store.write(key, b"piece")
    for prefix in ("a/one", "a/two", "a/never", "a/two/deeper"):
        await store.remove_below(prefix)
    assert [await store.size(key) for key in keys] == [None, None, 5, 5]


@pytest.mark.parametrize("key", ["a", "a/one", "a/one/deep", "a/two/deeper", "a/never"])
async def test_a_key_that_names_a_folder_or_lies_below_a_file_removes_nothing(store: Store, key: str) -> None:
    keys = ("a/one/x", "a/one/deep/y", "a/two")
    for stored in keys:
        await store.write(stored, b"piece")
    await store.remove(key)
    assert [await store.size(stored) for stored in keys] == [5, 5, 5]


async def test_writes_below_a_key_and_removals_of_it_do_not_make_each_other_fail(store: Store) -> None:
    keys = [f"{KEY}/{number}" for number in range(100)]
    await asyncio.gather(*(action for key in keys for action in (store.write(key, b"1"), store.remove_below(KEY))))
    await store.remove_below(KEY)
    assert [await store.size(key) for key in keys] == [None] * len(keys)


async def test_s3_gives_an_address_that_reads_without_a_credential_and_a_folder_gives_none(
    endpoint: str, tmp_path: Path
) -> None:
    bucket = s3(endpoint, prefix=tmp_path.name)
    await bucket.pour("a/file.mp4", _blocks(b"film"))
    url = await bucket.sign("a/file.mp4", 60)
    assert url is not None
    async with httpx2.AsyncClient() as client:
        answer = await client.get(url)
    assert (answer.content, answer.headers["Content-Type"]) == (b"film", "video/mp4")
    assert await LocalObjectStore(tmp_path).sign("a/file.mp4", 60) is None
