"""Media through ffmpeg and libav, each in a confined child process."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from tempfile import TemporaryDirectory

from pydantic import BaseModel

from adapters.media import commands, process
from adapters.media.binaries import Confiners, find_confiners, find_ffmpeg
from adapters.media.commands import Extraction, Progress
from adapters.media.confinement import GUARDS, INPUT_NAME, Limits, confined, working
from adapters.media.process import Finished
from schemas.errors import (
    FileNotReadable,
    MediaTooDemanding,
    MediaTooLong,
    MediaTruncated,
    NotMedia,
    StorageFull,
    TransientError,
    error_class,
)
from schemas.media import BYTES_PER_SECOND, AudioPart, MediaInfo

# A decoded duration may fall short of the declared one by the larger of these: encoders' priming (up to 0.1 s), times
# rounded to the container's clock, a recorder's clock that drifts (0.1 %: 3.6 s an hour). Nothing else shows that a
# file was cut off: ffmpeg then returns 0.
SHORTFALL_SECONDS = 2.0
SHORTFALL_SHARE = 0.001
_PROBE_CHILD = Path(__file__).absolute().with_name("probe_child.py")
_PROBE_SECONDS = 60.0
_PROBE_BYTES = 65_536
_STOPPED = (-SIGTERM, -SIGINT, -SIGKILL)  # by the system's shutdown, or by its want of memory: not the file's fault
_NO_SPACE = ("No space left on device", "Disk quota exceeded")
_NO_MEMORY = ("Cannot allocate memory", "File too large")
_ENDED_EARLY = "File ended prematurely"  # Matroska's reader, when the file is shorter than its own table says
_ERROR_RATE_STATUS = 69


class FfmpegMediaTool:
    """Probes with libav and decodes with ffmpeg. Looks for its programs once, when it is made."""

    def __init__(
        self,
        max_hours: float,
        limits: Limits | None = None,
        ffmpeg: Path | None = None,
        confiners: Confiners | None = None,
    ) -> None:
        """`max_hours` of sound at most. Raises: PartMissing where there is no ffmpeg."""
        self._max_seconds = max_hours * 3_600
        self._limits = limits or Limits()
        self._ffmpeg = ffmpeg or find_ffmpeg()
        self._confiners = working(confiners or find_confiners(), self._limits)

    @property
    def confiners(self) -> Confiners:
        """What guards the children on this machine."""
        return self._confiners

    async def probe(self, source: Path) -> MediaInfo:
        """See `MediaTool`. Reads headers and the first packets only: 0.1 s."""
        info = (await self._inspect(source)).info
        if (info.duration_seconds or 0) > self._max_seconds:
            raise self._too_long(info.duration_seconds or 0)
        return info

    async def _inspect(self, source: Path) -> "_Inspection":
        options = (commands.FORMATS, commands.CODECS, commands.ANALYSIS_BYTES, commands.ANALYSIS_MICROSECONDS)
        argv = [sys.executable, "-I", str(_PROBE_CHILD), INPUT_NAME, *map(str, options)]
        readable = sorted({Path(sys.base_prefix), Path(sys.prefix), _PROBE_CHILD})
        answer = bytearray()

        def collect(block: bytes) -> None:
            answer.extend(block[: _PROBE_BYTES - len(answer)])

        if not os.access(source, os.R_OK):
            raise FileNotReadable(f"{source.name} cannot be opened")
        with TemporaryDirectory(prefix="probe-") as name:
            folder = Path(name)
            guarded = confined(argv, self._confiners, self._limits, folder, source, readable)
            finished = await process.run(guarded, folder, min(_PROBE_SECONDS, self._limits.wall_seconds), collect)
        return _found(finished, bytes(answer))

    async def extract_audio(
        self, source: Path, info: MediaInfo, target: Path, on_seconds: Callable[[float], None]
    ) -> float:
        """See `MediaTool`. `target` appears only when it is whole; second 0 is the earliest of picture and sound."""
        found = await self._inspect(source)
        bounds = (self._max_seconds, self._limits.cpu_seconds)
        extraction = Extraction(info.container, found.start_second, found.sound_second, *bounds)
        argv = commands.extract_argv(self._ffmpeg, extraction)
        progress = Progress()

        def report(block: bytes) -> None:
            if progress.feed(block):
                on_seconds(progress.seconds)

        with TemporaryDirectory(prefix=".extract-", dir=target.parent) as name:
            folder = Path(name)
            guarded = confined(argv, self._confiners, self._limits, folder, source, [self._ffmpeg])
            finished = await process.run(guarded, folder, self._limits.wall_seconds, report)
            raise_failure(finished)
            output = folder / commands.OUTPUT_NAME
            seconds = output.stat().st_size / BYTES_PER_SECOND
            self._check_length(seconds, info, finished)
            output.replace(target)
        return seconds

    def _check_length(self, seconds: float, info: MediaInfo, finished: Finished) -> None:
        if seconds > self._max_seconds:
            raise self._too_long(seconds)
        declared = info.audio_seconds
        if declared is None and _ENDED_EARLY in finished.errors:
            # The container's own duration may count a picture that goes on after the sound: alone it proves nothing.
            declared = info.duration_seconds
        if declared is not None and seconds < declared - max(SHORTFALL_SECONDS, SHORTFALL_SHARE * declared):
            raise MediaTruncated(f"the file declares {declared:.0f} s of sound and holds {seconds:.0f} s")
        if seconds == 0:
            raise NotMedia("its sound track is empty")

    def _too_long(self, seconds: float) -> MediaTooLong:
        return MediaTooLong(f"it lasts {seconds / 3_600:.1f} h or more; the limit is {self._max_seconds / 3_600:g} h")

    def cut_at_pauses(self, pcm: Path) -> list[AudioPart]:
        """See `MediaTool`. Blocks for some tens of milliseconds an hour: call it in a thread."""
        from adapters.media.pauses import cut_at_pauses  # here: numpy takes a quarter of a second to import

        return cut_at_pauses(pcm)


class _Inspection(BaseModel):
    """What is in a file, and the time stamps of its earliest picture or sound and of its first sound."""

    info: MediaInfo
    start_second: float
    sound_second: float


def _found(finished: Finished, answer: bytes) -> _Inspection:
    if finished.status < 0:
        raise _ended_by_signal(finished)
    if finished.status:
        raise RuntimeError(f"the probe failed with status {finished.status}: {finished.errors[-500:]}")
    found = json.loads(answer)
    if "refused" in found:
        raise error_class(found["refused"])(_sentence(found["detail"]))
    return _Inspection(info=found, **found)


def raise_failure(finished: Finished) -> None:
    """Say whose fault it is that ffmpeg did not end well: the file's, this machine's or nobody's."""
    if finished.status == 0:
        return
    if finished.errors.startswith(GUARDS):
        raise RuntimeError(f"ffmpeg could not be confined: {finished.errors[-500:]}")
    if any(sign in finished.errors for sign in _NO_SPACE):
        raise StorageFull("the disk filled up while sound was extracted")
    if finished.status < 0:
        raise _ended_by_signal(finished)
    if "received signal" in finished.errors:  # ffmpeg ends in order, with status 255, when it is asked to
        raise TransientError("ffmpeg was stopped from outside")
    if any(sign in finished.errors for sign in _NO_MEMORY):
        raise MediaTooDemanding("decoding needs more memory or room than is allowed")
    if finished.status == _ERROR_RATE_STATUS:
        raise MediaTruncated(f"more than {commands.MAX_ERROR_RATE:.0%} of its sound cannot be decoded")
    raise NotMedia(_sentence(finished.errors))


def _ended_by_signal(finished: Finished) -> Exception:
    if finished.status in _STOPPED:
        return TransientError(f"the process that reads the media was stopped by signal {-finished.status}")
    return MediaTooDemanding(f"the process that reads the media was ended by signal {-finished.status}")


def _sentence(complaint: str) -> str:
    """The first line of what a reader complained of: printable, short, without the addresses of its memory."""
    line = next((line for line in complaint.splitlines() if line.strip()), "the reader gave no reason")
    return "".join(c for c in re.sub(r"\[[^\]]* @ 0x[0-9a-f]+\]\s*", "", line) if c.isprintable())[:200]
