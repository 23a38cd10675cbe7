"""Long lectures for chaos and benchmarks: recorded human speech in a loop, with pauses, under a slide.

No real lecture with a transcript comes in any package, so this is what can be had: 44 seconds of a reading of Dickens
(two_cities.wav, fetched at set-up by hash), repeated, and once, at the end, our sample lecture, because Dickens defines
nothing that a quiz could ask about. Say so beside every figure that is measured on it.
"""

import subprocess
from pathlib import Path

from adapters.media.binaries import find_ffmpeg
from tests.recordings import LECTURE, LECTURE_TEXT, TWO_CITIES, TWO_CITIES_TEXT

PAUSE_SECONDS = 1.6  # between two readings, about what a lecturer takes between two slides
READING_SECONDS = 44.374  # of two_cities.wav
LECTURE_SECONDS = 135.4  # of samples/lecture.mp4


def readings(minutes: float) -> int:
    """How many whole readings fill this time, before the sample lecture."""
    return max(1, round((minutes * 60 - LECTURE_SECONDS) / (READING_SECONDS + PAUSE_SECONDS)))


def long_lecture_text(minutes: float) -> str:
    """Every word that is spoken in it."""
    return " ".join([TWO_CITIES_TEXT] * readings(minutes) + [LECTURE_TEXT.read_text()])


def long_lecture(target: Path, minutes: float) -> Path:
    """A video of about `minutes`: MP4, one slide a second as H.264, AAC sound at 48 kHz."""
    once = target.with_suffix(".once.wav")
    _ffmpeg("-i", TWO_CITIES, "-af", f"apad=pad_dur={PAUSE_SECONDS}", "-ar", "48000", "-ac", "1", once)
    seconds = readings(minutes) * (READING_SECONDS + PAUSE_SECONDS) + LECTURE_SECONDS
    loop = ["-stream_loop", readings(minutes) - 1, "-i", once, "-i", LECTURE]
    slide = ["-f", "lavfi", "-i", "smptehdbars=size=640x360:rate=1"]
    sound = "[1:a]aresample=48000[end];[0:a][end]concat=n=2:v=0:a=1[sound]"
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "stillimage", "-pix_fmt", "yuv420p"]
    coded = ["-c:a", "aac", "-b:a", "96k", "-t", f"{seconds:.3f}", "-movflags", "+faststart"]
    _ffmpeg(*loop, *slide, "-filter_complex", sound, "-map", "2:v", "-map", "[sound]", *video, *coded, target)
    once.unlink()
    return target


def _ffmpeg(*arguments: object) -> None:
    quiet = [str(find_ffmpeg()), "-nostdin", "-loglevel", "error", "-y"]
    subprocess.run([*quiet, *map(str, arguments)], check=True)
