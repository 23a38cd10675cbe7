"""Caption files, also of what is still being transcribed."""

import stat
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
import webvtt

from schemas.errors import FileNotReadable
from schemas.transcripts import Segment, Transcript
from starters.captions import captions_of, write_captions
from tests.lectures import spoken


def _transcript(*segments: Segment, done: int = 2) -> Transcript:
    return Transcript(
        id=UUID(int=1),
        language="en",
        model="whisper",
        is_complete=done == 2,
        parts_done=done,
        parts_total=2,
        segments=segments,
    )


async def test_partial_captions_say_so_in_a_note_that_players_skip() -> None:
    text = await captions_of(_transcript(spoken("The crust is thin."), done=1), "vtt")
    assert "NOTE Partial: 1 of 2 parts are transcribed\n\n" in text
    (cue,) = webvtt.from_buffer(StringIO(text)).captions
    assert cue.text == "The crust is thin."


async def test_partial_captions_without_a_word_are_a_file_all_the_same() -> None:
    text = await captions_of(_transcript(done=1), "vtt")
    assert text == "WEBVTT\n\nNOTE Partial: 1 of 2 parts are transcribed\n"


async def test_whole_captions_have_no_note_and_srt_never_has() -> None:
    segment = spoken("The crust is thin.")
    assert "NOTE" not in await captions_of(_transcript(segment), "vtt")
    assert (await captions_of(_transcript(segment, done=1), "srt")).startswith("1\n00:00:00,000 --> ")


async def test_a_caption_file_is_written_whole_and_can_be_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "lecture.vtt"
    path.write_text("older")
    await write_captions(path, "WEBVTT\n")
    (tmp_path / "usual").touch()
    assert path.read_text() == "WEBVTT\n"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["lecture.vtt", "usual"]


async def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable, match="nowhere"):
        await write_captions(tmp_path / "nowhere" / "lecture.vtt", "WEBVTT\n")
