"""One lecture from its bytes to its quiz, by the commands that a person types, in one home."""

import json
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.adapters.media.corpus import Corpus
from tests.starters.cli.commands import CHECKOUT, Finished

LECTURE = CHECKOUT / "samples" / "lecture.mp4"
SPOKEN = json.loads((CHECKOUT / "samples" / "lecture.times.json").read_text())
BAD = {  # each its own code and status; `quiet.wav` is made here, `none.mp4` is not there, the rest is in the corpus
    "silent-film.mp4": ("no_audio_track", 21),
    "quiet.wav": ("speech_not_found", 22),
    "cut-faststart.mp4": ("media_truncated", 23),
    "text.mp4": ("not_media", 20),
    "seventy-seconds.mp3": ("media_too_long", 24),
    "empty.mp4": ("file_not_readable", 27),
    "none.mp4": ("file_not_readable", 27),
}


@dataclass(frozen=True)
class Story:
    """What was typed in `folder`: a `process` that met Ctrl-C in the middle, and one of the same and of bad files."""

    folder: Path
    interrupted: Finished
    seconds_to_end: float
    left_behind: list[str]
    several: Finished

    @property
    def completed(self) -> Any:
        """The lecture's document, among those of the bad files."""
        return self.several.json["videos"][0]

    @property
    def bad(self) -> list[Any]:
        documents: list[Any] = self.several.json["videos"]
        return documents[1:]

    @property
    def video_id(self) -> str:
        return str(self.completed["video_id"])


def bad_files(folder: Path) -> list[str]:
    """One of each kind, in the order of `BAD`."""
    made = folder / "bad"
    made.mkdir()
    corpus = Corpus(made)
    with wave.open(str(made / "quiet.wav"), "wb") as quiet:
        quiet.setparams((1, 2, 16_000, 0, "NONE", ""))
        quiet.writeframes(bytes(2 * 16_000 * 5))
    return [str(made / name if name == "none.mp4" else corpus[name]) for name in BAD]
