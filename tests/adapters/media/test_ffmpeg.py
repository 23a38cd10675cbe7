"""What the tool makes of good recordings: each second of sound is that second of the video."""

import asyncio
import signal
from pathlib import Path

import numpy as np
import pytest

from activities.ports import MediaTool
from adapters.media.confinement import Limits
from adapters.media.ffmpeg import FfmpegMediaTool, raise_failure
from adapters.media.process import Finished
from schemas.errors import (
    FileNotReadable,
    MediaTooDemanding,
    MediaTooLong,
    MediaTruncated,
    NotMedia,
    StorageFull,
    TransientError,
)
from schemas.media import SAMPLE_RATE_HZ
from tests.adapters.media.corpus import BEEP_SECOND, SECONDS, Corpus
from tests.adapters.media.disks import small_disk

GOOD = ["mp4", "mov", "mkv", "webm", "ts", "flv", "avi", "mp3", "m4a", "wav", "flac", "ogg", "aac"]
UNUSUAL = [
    *("no-frame-count.mp3", "unknown-length.flac", "live.webm", "fragmented.mp4", "faststart.mp4", "both-late.mkv"),
    *("uneven-frames.mp4", "telephone.wav", "surround.mp4", "two-languages.mkv", "no-length.mkv"),
]
NEAR = 0.05  # seconds; a codec's frame is 0.02 s


def ignore(_: float) -> None:
    """Nobody watches."""


async def sound(tool: MediaTool, source: Path, target: Path) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    info = await tool.probe(source)
    seconds = await tool.extract_audio(source, info, target, ignore)
    samples = np.fromfile(target, dtype="<i2")
    assert len(samples) == round(seconds * SAMPLE_RATE_HZ)
    return samples


def beeps(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> list[float]:
    """The seconds at which it gets loud after half a second that is not."""
    loud = np.flatnonzero((samples > 2_000) | (samples < -2_000)) / SAMPLE_RATE_HZ
    return [float(at) for at, before in zip(loud, [-9, *loud], strict=False) if at - before > 0.5]


@pytest.mark.parametrize("name", [f"lecture.{suffix}" for suffix in GOOD] + UNUSUAL)
async def test_a_beep_is_heard_at_its_second_whatever_the_container(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, name: str
) -> None:
    samples = await sound(tool, corpus[name], target)
    assert beeps(samples) == [pytest.approx(BEEP_SECOND, abs=NEAR)]
    assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts", "flv", "webm"])
async def test_sound_that_begins_two_seconds_late_stays_two_seconds_late(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, suffix: str
) -> None:
    assert beeps(await sound(tool, corpus[f"late.{suffix}"], target)) == [pytest.approx(BEEP_SECOND, abs=NEAR)]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
async def test_what_follows_a_gap_keeps_its_second(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, suffix: str
) -> None:
    heard = beeps(await sound(tool, corpus[f"gap.{suffix}"], target))
    assert heard == [pytest.approx(3, abs=NEAR), pytest.approx(7, abs=NEAR)]


async def test_two_recordings_joined_by_their_bytes_follow_each_other(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path
) -> None:
    """As camcorders split them: the time stamps begin again in the middle."""
    heard = beeps(await sound(tool, corpus["joined.ts"], target))
    assert heard == [pytest.approx(BEEP_SECOND, abs=NEAR), pytest.approx(SECONDS + BEEP_SECOND, abs=0.2)]


async def test_a_recording_trimmed_by_its_edit_list_counts_from_the_first_picture_shown(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path
) -> None:
    assert beeps(await sound(tool, corpus["edit-list.mp4"], target)) == [pytest.approx(3 - 2.3, abs=NEAR)]


@pytest.mark.slow
async def test_an_hour_before_the_sound_begins_fits_into_the_memory_limit(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path
) -> None:
    assert beeps(await sound(tool, corpus["late-by-an-hour.mp4"], target)) == [pytest.approx(3_601, abs=NEAR)]


async def test_a_probe_says_what_is_inside_and_not_what_the_name_says(
    tool: FfmpegMediaTool, corpus: Corpus, tmp_path: Path
) -> None:
    wrong = tmp_path / "lecture.txt"
    wrong.write_bytes(corpus["lecture.mkv"].read_bytes())
    info = await tool.probe(wrong)
    assert (info.container, info.audio_codec, info.sample_rate_hz, info.channels) == ("matroska", "aac", 48_000, 1)
    assert info.audio_seconds == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("name", ["lecture.ts", "lecture.aac", "no-frame-count.mp3"])
async def test_a_duration_that_is_only_guessed_is_not_reported(
    tool: FfmpegMediaTool, corpus: Corpus, name: str
) -> None:
    info = await tool.probe(corpus[name])
    assert (info.duration_seconds, info.audio_seconds) == (None, None)


async def test_progress_rises_to_the_end(tool: FfmpegMediaTool, corpus: Corpus, target: Path) -> None:
    seen: list[float] = []
    info = await tool.probe(corpus["late-by-ten-minutes.mp4"])
    seconds = await tool.extract_audio(corpus["late-by-ten-minutes.mp4"], info, target, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(
    "name", ["-i.mp4", "a b'c\"d.mp4", "$(id).mp4", "видео🎓.mp4", "%d.mp4", "concat:a|b.mp4", "x\ny"]
)
async def test_no_name_reaches_a_command_line(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, tmp_path: Path, name: str
) -> None:
    odd = tmp_path / name
    odd.write_bytes(corpus["lecture.m4a"].read_bytes())
    assert len(beeps(await sound(tool, odd, target))) == 1


async def test_more_than_the_limit_is_refused_by_its_declared_length(corpus: Corpus) -> None:
    with pytest.raises(MediaTooLong):
        await FfmpegMediaTool(max_hours=60 / 3_600).probe(corpus["seventy-seconds.mp3"])


async def test_more_than_the_limit_is_refused_also_where_nothing_is_declared(corpus: Corpus, target: Path) -> None:
    short = FfmpegMediaTool(max_hours=5 / 3_600)
    info = await short.probe(corpus["lecture.ts"])
    seen: list[float] = []
    with pytest.raises(MediaTooLong):
        await short.extract_audio(corpus["lecture.ts"], info, target, seen.append)
    assert max(seen) <= 6.1  # one second more than is allowed: a lying header cannot fill the disk
    assert not list(target.parent.iterdir())


async def test_a_file_that_is_not_there_is_not_called_bad_media(tool: FfmpegMediaTool, tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable):
        await tool.probe(tmp_path / "nothing.mp4")


async def test_a_file_that_takes_too_long_is_too_demanding(corpus: Corpus) -> None:
    with pytest.raises(MediaTooDemanding):
        await FfmpegMediaTool(max_hours=2, limits=Limits(wall_seconds=0.01)).probe(corpus["lecture.mp4"])


@pytest.mark.parametrize(
    ("status", "complaint", "expected"),
    [
        (-signal.SIGXCPU, "", MediaTooDemanding),
        (-signal.SIGXFSZ, "", MediaTooDemanding),
        (-signal.SIGSEGV, "", MediaTooDemanding),
        (244, "Error: Cannot allocate memory", MediaTooDemanding),
        (69, "Error while decoding", MediaTruncated),
        (183, "Invalid data found when processing input", NotMedia),
        (228, "av_interleaved_write_frame(): No space left on device", StorageFull),
        # A machine that shuts down, or runs out of memory for reasons of its own, must not condemn a lecture.
        (-signal.SIGTERM, "", TransientError),
        (-signal.SIGKILL, "", TransientError),
        (255, "Exiting normally, received signal 15.", TransientError),
        (1, "bwrap: Creating new namespace failed: No space left on device", RuntimeError),
    ],
)
def test_each_end_of_ffmpeg_has_its_meaning(status: int, complaint: str, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        raise_failure(Finished(status, complaint))
    assert type(caught.value) is expected


async def test_a_full_disk_is_ours_and_not_the_files_fault(
    tool: FfmpegMediaTool, corpus: Corpus, tmp_path: Path
) -> None:
    info = await tool.probe(corpus["late-by-ten-minutes.mp4"])
    with small_disk(tmp_path / "disk") as disk, pytest.raises(StorageFull):
        await tool.extract_audio(corpus["late-by-ten-minutes.mp4"], info, disk / "sound.pcm", ignore)


async def test_cancelling_an_extraction_leaves_nothing_behind(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path
) -> None:
    info = await tool.probe(corpus["late-by-ten-minutes.mp4"])

    def cancel(_: float) -> None:
        work.cancel()

    extracting = tool.extract_audio(corpus["late-by-ten-minutes.mp4"], info, target, cancel)
    work = asyncio.create_task(extracting)
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not list(target.parent.iterdir())
