"""The only place that writes ffmpeg's command line, and that says what ffmpeg may open."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from adapters.media.confinement import INPUT_NAME
from schemas.media import BYTES_PER_SECOND, SAMPLE_RATE_HZ

_builder: Any = ffmpeg  # ffmpeg-python 0.2.0 has no types; it only writes the arguments, processes are ours
OUTPUT_NAME = "output"
# No playlists, no scripts of files, no images, no subtitles: a text file that names its neighbours would be read as a
# lecture (ffconcat: return code 0 and six seconds of another creator's sound, measured).
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,flv,mp3,wav,flac,ogg,aac"
# Decoders of sound only: the video decoders, most of ffmpeg's attack surface, are never opened. mp3float and mp2float
# are what ffmpeg takes for MP3 and MP2.
CODECS = ",".join(
    (
        *("aac", "aac_latm", "mp3", "mp3float", "mp2", "mp2float", "mp1", "mp1float", "opus", "vorbis", "flac", "alac"),
        *("ac3", "eac3", "wmav1", "wmav2", "amrnb", "amrwb", "speex", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt"),
        *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
    )
)
ANALYSIS_BYTES = 20_000_000  # how much of the file is read to find its streams
ANALYSIS_MICROSECONDS = 20_000_000
_INPUT_OPTIONS = {
    "threads": 1,
    "max_alloc": 256 << 20,
    "protocol_whitelist": "file,pipe",
    "format_whitelist": FORMATS,
    "codec_whitelist": CODECS,
    "max_streams": 64,
    "probesize": ANALYSIS_BYTES,
    "analyzeduration": ANALYSIS_MICROSECONDS,
}
# Above this share of packets that cannot be decoded ffmpeg ends with status 69. The loss leaves no other trace: the
# missing seconds are filled with silence, and by default a file with 60 % of its packets broken is a success.
MAX_ERROR_RATE = 0.02
_STATS_SECONDS = 0.5
# Time stamps in these may jump where recordings were joined, and ffmpeg mends that only without -copyts. Then its
# second 0 is the beginning of the sound, and two seconds of picture before that would be lost (measured): they are
# added again. For the others -copyts keeps the time stamps as they are, and the probe's second 0 is taken off.
_JUMPING = ("mpegts", "ogg")
# First to the small output format, then in time: the other way round, silence for a gap of one hour takes 1.6 GB of
# memory instead of 230 MB (measured). `async=1` fills gaps and trims overlaps above 0.1 s, and stretches nothing.
_SOUND_IN_TIME = (
    f"aformat=sample_fmts=s16:channel_layouts=mono:sample_rates={SAMPLE_RATE_HZ},aresample=async=1:first_pts=0"
)


@dataclass(frozen=True)
class Extraction:
    """Sound out of a file: the probe's findings, and how many seconds of sound and of processor time at most."""

    container: str
    start_second: float  # the time stamp of the earliest picture or sound, which becomes second 0
    sound_second: float  # the time stamp of the first sound
    max_seconds: float
    cpu_seconds: int


def extract_argv(program: Path, extraction: Extraction) -> list[str]:
    """Raw 16 kHz mono 16-bit PCM of the first sound track, from `input` to `output` in the working folder."""
    jumping = extraction.container in _JUMPING
    source = _builder.input(f"file:{INPUT_NAME}", **_INPUT_OPTIONS, **({} if jumping else {"copyts": None}))
    # One second more than is allowed, so that too long can be told from just long enough.
    longest = f"{extraction.max_seconds + 1:.3f}"
    shift = (extraction.sound_second if jumping else 0) - extraction.start_second
    in_time = f"asetpts=PTS+({shift:.6f})/TB,{_SOUND_IN_TIME}"
    result = _builder.output(source["a:0"], f"file:{OUTPUT_NAME}", af=in_time, f="s16le", t=longest)
    result = result.global_args(
        *("-hide_banner", "-nostdin", "-loglevel", "error", "-nostats"),
        *("-progress", "pipe:1", "-stats_period", str(_STATS_SECONDS)),
        *("-max_error_rate", str(MAX_ERROR_RATE), "-timelimit", str(extraction.cpu_seconds)),
    )
    return [str(word) for word in _builder.compile(result, cmd=str(program), overwrite_output=True)]


class Progress:
    """Reads what `-progress` writes. Bytes and not `out_time`, which under `-copyts` counts from the first report."""

    def __init__(self) -> None:
        self._rest = b""
        self.seconds = 0.0  # of sound written

    def feed(self, block: bytes) -> bool:
        """Whether the seconds changed."""
        before = self.seconds
        *lines, rest = (self._rest + block).split(b"\n")
        self._rest = rest[-256:]  # no line of ffmpeg's is longer; a broken one must not grow for ever
        for line in lines:
            name, _, value = line.partition(b"=")
            if name == b"total_size" and value.strip().isdigit():  # "N/A" before the first sample
                self.seconds = int(value) / BYTES_PER_SECOND
        return self.seconds > before
