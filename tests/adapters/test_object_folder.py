"""What only the folder does: links, copies, and files that killed writers left."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from adapters.object_store import LocalObjectStore
from tests.adapters.media.disks import small_disk

KEY = "0f1c6a52-7a53-5b0e-9d3a-6d656e746f72/ab/abcdef.source"
CONTENT = bytes(range(256)) * 100


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


async def test_a_folder_under_a_keys_name_is_no_file(tmp_path: Path, file: Path) -> None:
    store = LocalObjectStore(tmp_path / "objects")
    await store.put("a/b/c", file)
    assert await store.size("a/b") is None


async def test_a_folder_hands_out_links_that_cannot_be_written_by_mistake(tmp_path: Path, file: Path) -> None:
    store = LocalObjectStore(tmp_path / "objects")
    await store.put(KEY, file)
    await store.fetch(KEY, tmp_path / "back")
    stored, fetched = (tmp_path / "objects" / KEY).stat(), (tmp_path / "back").stat()
    assert (stored.st_ino, fetched.st_mode & 0o777) == (fetched.st_ino, 0o444)


async def test_a_folder_copies_to_another_file_system(tmp_path: Path, file: Path) -> None:
    store = LocalObjectStore(tmp_path / "objects")
    await store.put(KEY, file)
    with small_disk(tmp_path / "disk") as disk:
        await store.fetch(KEY, disk / "back")
        assert (disk / "back").read_bytes() == CONTENT


async def test_what_killed_writers_left_is_removed_by_any_write_a_day_later(tmp_path: Path, file: Path) -> None:
    folder = tmp_path / "objects"
    store = LocalObjectStore(folder)
    await store.put(KEY, file)
    old, new = [await _killed_while_it_pours(folder, key) for key in ("creator/uploads/1/file.mp4", "another/file.mp4")]
    long_ago = time.time() - 100_000
    os.utime(old, (long_ago, long_ago))
    await store.write("elsewhere/entirely", b"bytes")
    assert {path for path in folder.rglob("*") if path.is_file()} == {new, folder / KEY, folder / "elsewhere/entirely"}


async def _killed_while_it_pours(folder: Path, key: str) -> Path:
    """What a writer leaves that is killed by SIGKILL in the middle of a lecture."""
    program = f"""
import asyncio, pathlib
from adapters.object_store import LocalObjectStore

async def blocks():
    yield bytes(1 << 20)
    print("poured", flush=True)
    await asyncio.sleep(60)
    yield b""

asyncio.run(LocalObjectStore(pathlib.Path({str(folder)!r})).pour({key!r}, blocks()))
"""
    before = set(folder.rglob("*"))
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert writer.stdout is not None
    assert await writer.stdout.readline() == b"poured\n"
    writer.kill()
    await writer.wait()
    (left,) = [path for path in set(folder.rglob("*")) - before if path.is_file()]
    return left
