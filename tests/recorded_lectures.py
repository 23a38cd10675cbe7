"""Long lectures for chaos and benchmarks: recorded human speech in a loop, with pauses, under a slide.

No real lecture with a transcript comes in any package, so this is what can be had: 44 seconds of a reading of Dickens
(two_cities.wav, fetched at set-up by hash), repeated. Say so beside every figure that is measured on it.
"""

import subprocess
from pathlib import Path

from adapters.media.binaries import find_ffmpeg
from tests.recordings import TWO_CITIES

PAUSE_SECONDS = 1.6  # between two readings, about what a lecturer takes between two slides
READING_SECONDS = 44.374  # of two_cities.wav


def readings(minutes: float) -> int:
    """How many whole readings fill this time."""
    return max(1, round(minutes * 60 / (READING_SECONDS + PAUSE_SECONDS)))


def long_lecture(target: Path, minutes: float) -> Path:
    """A video of about `minutes`: MP4, one slide a second as H.264, AAC sound at 48 kHz."""
    ffmpeg = str(find_ffmpeg())
    once = target.with_suffix(".once.wav")
    pause = f"apad=pad_dur={PAUSE_SECONDS}"
    quiet = [ffmpeg, "-nostdin", "-loglevel", "error", "-y"]
    subprocess.run([*quiet, "-i", TWO_CITIES, "-af", pause, "-ar", "48000", "-ac", "1", once], check=True)
    slide = "smptehdbars=size=640x360:rate=1"
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "stillimage", "-pix_fmt", "yuv420p"]
    sound = ["-c:a", "aac", "-b:a", "96k", "-shortest", "-movflags", "+faststart"]
    loop = ["-stream_loop", str(readings(minutes) - 1), "-i", str(once), "-f", "lavfi", "-i", slide]
    subprocess.run([*quiet, *loop, "-map", "1:v", "-map", "0:a", *video, *sound, str(target)], check=True)
    once.unlink()
    return target
