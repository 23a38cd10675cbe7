"""What a browser is told that a file is, after a probe has looked into it."""

import shutil
from pathlib import Path

import pytest

from adapters.media.ffmpeg import FfmpegMediaTool
from schemas.media import media_type
from tests.adapters.media.corpus import Corpus


@pytest.mark.parametrize(
    ("held", "suffix", "told"),
    [
        ("mp4", "mp4", "video/mp4"),
        ("mp4", "m4v", "video/mp4"),
        ("mp4", "source", "video/mp4"),
        ("m4a", "m4a", "audio/mp4"),
        ("mov", "mov", "video/quicktime"),
        ("webm", "webm", "video/webm"),
        ("webm", "source", "video/webm"),
        ("webm", "mp4", "video/webm"),
        ("mkv", "mkv", "video/x-matroska"),
        ("avi", "avi", "video/x-msvideo"),
        ("mp3", "mp3", "audio/mpeg"),
        ("mp3", "source", "audio/mpeg"),
        ("aac", "aac", "audio/aac"),
        ("wav", "wav", "audio/wav"),
        ("ogg", "ogg", "audio/ogg"),
        ("ogg", "opus", "audio/ogg"),
        ("ogg", "ogv", "video/ogg"),
        ("flac", "flac", "audio/flac"),
        ("flac", "mp4", "audio/flac"),
        ("ts", "ts", "application/octet-stream"),  # no browser plays it
        ("ts", "mp4", "application/octet-stream"),
    ],
)
async def test_a_file_is_called_by_what_a_probe_found_in_it_and_by_its_name_within_that(
    tool: FfmpegMediaTool, corpus: Corpus, tmp_path: Path, held: str, suffix: str, told: str
) -> None:
    named = Path(shutil.copy(corpus[f"lecture.{held}"], tmp_path / f"file.{suffix}"))
    assert media_type(named.name, (await tool.probe(named)).container) == told


@pytest.mark.parametrize(
    ("name", "container", "told"),
    [
        ("a/file.mp4", None, "video/mp4"),
        ("a/file.html", None, "application/octet-stream"),
        ("a/file.source", None, "application/octet-stream"),
        ("a/file.html", "mov", "video/mp4"),
        ("a/file.source", "nut", "application/octet-stream"),
    ],
)
def test_a_file_is_never_called_a_page(name: str, container: str | None, told: str) -> None:
    assert media_type(name, container) == told
