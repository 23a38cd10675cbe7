"""`mentora captions`: a lecture's captions as a file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from adapters.postgres.transcripts import TranscriptReader
from schemas.errors import TranscriptNotReady
from starters.captions import CaptionFormat, captions_of, write_captions
from starters.cli.console import HomeOption, JsonOption, say, say_json, settings_for
from starters.cli.options import CreatorOption, VideoArgument
from starters.cli.pages import partial_note
from starters.cli.reach import named_video, reading


async def captions(
    video: VideoArgument,
    *,
    format: Annotated[CaptionFormat, Parameter(help="WebVTT for browsers, SRT for players.")] = "vtt",  # noqa: A002
    output: Annotated[Path | None, Parameter(help="The file to write, instead of standard output.")] = None,
    creator: CreatorOption = "me",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Write a lecture's captions as WebVTT or SRT, also while it is still being transcribed.

    Two lines of at most 42 characters a caption, broken where a reader expects it.

    Example: `mentora captions lecture.mp4 --output lecture.vtt`, or `mentora captions 76ed1d7a --format srt`.
    """
    async with reading(settings_for(home)) as reach:
        found = await named_video(reach, creator, video)
        transcript = await TranscriptReader(reach.database).newest(found.creator_id, found.id)
    if not transcript.parts_done:
        raise TranscriptNotReady("nothing of the transcript is stored yet")
    text = await captions_of(transcript, format)
    if output is not None:
        await write_captions(output, text)
    if json:
        place = {"file": output.absolute()} if output is not None else {"captions": text}
        say_json({"video_id": found.id, "format": format, "is_partial": not transcript.is_complete, **place})
    elif output is None:
        say(text.rstrip("\n"))
    else:
        say(f"Written to {output}. {partial_note(transcript)}".rstrip())
