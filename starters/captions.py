"""Caption files of a video, also of one that is still being transcribed."""

import asyncio
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal
from uuid import UUID

from adapters.captions import render_captions
from schemas.errors import FileNotReadable
from schemas.transcripts import Transcript

CaptionFormat = Literal["vtt", "srt"]


async def captions_of(transcript: Transcript, wanted: CaptionFormat) -> str:
    """The whole file. What is missing of a partial transcript is said in a NOTE, which only WebVTT has."""
    text = await asyncio.to_thread(render_captions, transcript.segments, wanted)
    if transcript.is_complete or wanted != "vtt":
        return text
    head, _, cues = text.partition("\n\n")
    note = f"NOTE Partial: {transcript.parts_done} of {transcript.parts_total} parts are transcribed"
    return f"{head}\n\n{note}\n\n{cues}" if cues else f"{head.rstrip()}\n\n{note}\n"


def captions_file(home: Path, video_id: UUID) -> Path:
    """Where `mentora process` leaves a video's captions."""
    return home / "captions" / f"{video_id}.vtt"


async def write_captions(path: Path, text: str) -> None:
    """The file is there whole or not at all. Raises: FileNotReadable where it cannot be written."""
    await asyncio.to_thread(_write, path, text)


def _write(path: Path, text: str) -> None:
    aside: Path | None = None
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".captions-", delete=False) as file:
            aside = Path(file.name)
            file.write(text)
        aside.chmod(0o666 & ~_umask())
        aside.replace(path)
    except OSError as error:
        if aside is not None:
            aside.unlink(missing_ok=True)
        raise FileNotReadable(f"{path} cannot be written: {os.strerror(error.errno or 0)}") from error


def _umask() -> int:
    """It can only be read by being set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
