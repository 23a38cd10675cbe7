"""Speech whose words are known: our sample lecture, and a person reading the opening of A Tale of Two Cities."""

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import jiwer
import pytest

ROOT = Path(__file__).resolve().parent.parent
LECTURE = ROOT / "samples" / "lecture.mp4"
LECTURE_TEXT = ROOT / "samples" / "lecture.txt"
LECTURE_TIMES = ROOT / "samples" / "lecture.times.json"
TWO_CITIES = ROOT / ".cache" / "recordings" / "two_cities.wav"  # 44 s, 48 kHz, out of moonshine-voice's wheel
TWO_CITIES_TEXT = """It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of
foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season
of Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing before
us, we were all going direct to Heaven, we were all going direct the other way - in short, the period was so far like
the present period, that some of its noisiest authorities insisted on its being received, for good or for evil, in the
superlative degree of comparison only."""


def two_cities() -> Path:
    """The recording's file; the test is skipped where `make recordings` has not fetched it."""
    if not TWO_CITIES.exists():
        pytest.skip("run `make recordings` once: it fetches 44 s of recorded speech")
    return TWO_CITIES


def pcm_of(path: Path) -> bytes:
    """The file's sound as 16 kHz mono 16-bit samples."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()  # type: ignore[attr-defined, no-untyped-call]  # it has no types
    target = ["-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    return subprocess.run([ffmpeg, "-v", "error", "-i", str(path), *target], capture_output=True, check=True).stdout


def word_error_rate(reference: str, heard: str) -> float:
    """Wrong, missing and added words per word of the reference; case, hyphens and punctuation do not count."""
    return float(jiwer.wer(_plain(reference), _plain(heard)))


def _plain(text: str) -> str:
    words = re.sub(r"[^a-z0-9' ]+", " ", text.lower().replace("’", "'").replace("-", " "))
    return " ".join(words.split()).replace("five million", "5 million")
