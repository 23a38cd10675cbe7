"""What is in a media file. Run as a program in a confined child process, because the bytes are hostile.

    python -I probe_child.py FILE FORMATS CODECS BYTES MICROSECONDS

It prints one JSON object: a `MediaInfo`'s fields and two times, or `refused` and `detail`. It imports nothing of
ours, so that it runs from any folder. PyAV and not ffprobe, because the ffmpeg of the package index comes without it.
"""

import json
import re
import struct
import sys
from errno import EINVAL
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.audio import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet  # generic for the type checker only: quoted where it has a parameter
from av.stream import Disposition

# The duration of these is computed from sizes and timestamps of what is there, so it can neither show a truncation nor
# be trusted: a quiet first minute of MP3 quadruples it.
_DECLARE_NOTHING = ("mpegts", "aac")
_DECLARE_BY_CONTAINER = ("flv",)  # one duration in the metadata, none per stream
_HEADER_BYTES = 65_536
_FIRST_PACKETS = 2_000  # a track that has not begun after these, about 30 s of a lecture, does not set second 0
_UNKNOWN_WAV_BYTES = 0x7FFFF000  # and above: what recorders that write to a pipe put for "until the end"
_PROTECTED_TAGS = ("enca", "drms")  # sample entries of common encryption and of FairPlay


class RefusedError(Exception):
    """The file cannot become a lecture; the first argument is the public code of the reason."""


def main() -> None:
    """Print what the file is."""
    path, *options = sys.argv[1:]
    try:
        found = probe(path, *options)
    except RefusedError as error:
        found = {"refused": error.args[0], "detail": error.args[1]}
    except MemoryError:
        found = {"refused": "media_too_demanding", "detail": "the file needs too much memory"}
    except (FFmpegError, ValueError, EOFError, struct.error) as error:
        found = {"refused": "not_media", "detail": _reason(error)}
    sys.stdout.write(json.dumps(found))


def _reason(error: Exception) -> str:
    if isinstance(error, FFmpegError) and error.errno != EINVAL and error.strerror:
        return str(error.strerror)  # without the name and the numbers that `str(error)` adds
    return "it is no recording in a container that we read"  # EINVAL is how libav says that a format is not allowed


def probe(path: str, formats: str, codecs: str, analysis_bytes: str, analysis_microseconds: str) -> dict[str, Any]:
    """The fields of a `MediaInfo`."""
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": formats,
        "codec_whitelist": codecs,
        "probesize": analysis_bytes,
        "analyzeduration": analysis_microseconds,
    }
    with av.open(f"file:{path}", options=options, metadata_errors="replace") as container:
        return _facts(container, path, codecs.split(","))


def _facts(container: InputContainer, path: str, codecs: list[str]) -> dict[str, Any]:
    if not container.streams.audio:
        raise RefusedError("no_audio_track", "there is no sound in it")
    stream = container.streams.audio[0]  # the first, as ffmpeg's 0:a:0
    first = _first_packets(container, stream)
    _refuse_protected(stream, first.get(stream.index))
    codec = stream.codec_context
    if codec is None or codec.name not in codecs:
        raise RefusedError("not_media", "its sound is in a format that we do not read")
    name = container.format.name.split(",")[0]
    start = _start_second(container, stream, first)
    with Path(path).open("rb") as file:
        audio_seconds = _declared_seconds(container, stream, start, file)
    declares = name not in _DECLARE_NOTHING and not (name == "mp3" and audio_seconds is None)
    return {
        "container": name,
        "duration_seconds": _whole_seconds(container, start) if declares else None,
        "audio_codec": codec.name,
        "audio_seconds": audio_seconds,
        "sample_rate_hz": codec.sample_rate,
        "channels": codec.channels,
        "start_second": start,
        "sound_second": float((stream.start_time or 0) * stream.time_base) if stream.time_base else 0.0,
    }


def _first_packets(container: InputContainer, audio: AudioStream) -> "dict[int, Packet[Any]]":
    """The first packet of the sound and of each picture track, as far as they come soon; cover images have no time."""
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    first: dict[int, Packet[Any]] = {}
    for packet in islice(container.demux(audio, *pictures), _FIRST_PACKETS):
        if packet.size:
            first.setdefault(packet.stream_index, packet)
        if len(first) > len(pictures):
            break
    return first


def _refuse_protected(stream: AudioStream, packet: "Packet[Any] | None") -> None:
    tag = stream.codec_context.codec_tag if stream.codec_context is not None else ""
    if tag in _PROTECTED_TAGS or (packet is not None and packet.has_sidedata("encryption_info")):
        raise RefusedError("media_encrypted", "its sound is encrypted")


def _start_second(container: InputContainer, audio: AudioStream, first: "dict[int, Packet[Any]]") -> float:
    """The time stamp of the earliest picture or sound: a player's second 0."""
    starts = [(container.start_time or 0) / 1e6]
    if not container.format.name.startswith("mov"):
        # Without a video decoder libav gives Matroska's picture the start of the sound; the packets know better. In MP4
        # they do not: those before an edit list's beginning are not shown.
        pictures = (packet for packet in first.values() if packet.stream_index != audio.index)
        starts += [float(packet.pts * packet.time_base) for packet in pictures if packet.pts is not None]
    return min(starts)


def _whole_seconds(container: InputContainer, start: float) -> float | None:
    """The declared length of the longest track; Matroska counts it from time stamp 0, the others from the start."""
    if not container.duration:
        return None
    return container.duration / 1e6 - (start if container.format.name.startswith("matroska") else 0)


def _declared_seconds(container: InputContainer, stream: AudioStream, start: float, file: BinaryIO) -> float | None:
    """The second of the video at which its sound ends, as a header says it; None where none does."""
    name = container.format.name.split(",")[0]
    seconds: float | None = None
    if name in _DECLARE_BY_CONTAINER:
        seconds = _whole_seconds(container, start)
    elif name == "wav":
        seconds = _wav_seconds(file)
    elif name == "matroska":
        end = _tagged_seconds(stream.metadata)
        seconds = None if end is None else end - start
    elif name == "avi":  # libav corrects the duration by the file's size; the number of frames is as declared
        seconds = float(stream.frames * stream.time_base) if stream.frames and stream.time_base else None
    elif name not in _DECLARE_NOTHING and not (name == "mp3" and not _mp3_declares(file)):
        seconds = _end_of_stream(stream, start)
    return seconds


def _end_of_stream(stream: AudioStream, start: float) -> float | None:
    if stream.duration is None or stream.time_base is None:
        return None
    return float(((stream.start_time or 0) + stream.duration) * stream.time_base) - start


def _tagged_seconds(tags: dict[str, str]) -> float | None:
    """Matroska's statistics tag of a track, such as 00:00:14.000000000."""
    for name, value in tags.items():
        if name.startswith("DURATION") and (match := re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", value.strip())):
            hours, minutes, seconds = match.groups()
            return int(hours) * 3_600 + int(minutes) * 60 + float(seconds)
    return None


def _wav_seconds(file: BinaryIO) -> float | None:
    """What the chunk headers say; libav instead corrects it by the file's size, which hides a truncation."""
    if file.read(12)[:4] != b"RIFF":
        return None
    bytes_per_second = 0
    while len(head := file.read(8)) == 8:
        chunk, size = struct.unpack("<4sI", head)
        if chunk == b"data":
            return size / bytes_per_second if bytes_per_second and 0 < size < _UNKNOWN_WAV_BYTES else None
        content = file.read(min(size + size % 2, _HEADER_BYTES))
        if chunk == b"fmt ":
            bytes_per_second = struct.unpack_from("<I", content, 8)[0]
        elif size > _HEADER_BYTES:
            file.seek(size + size % 2 - _HEADER_BYTES, 1)
    return None


def _mp3_declares(file: BinaryIO) -> bool:
    """Whether a Xing, Info or VBRI header counts the frames; without one libav guesses from the first bit rate."""
    head = file.read(10)
    if head[:3] == b"ID3":  # its size is in four bytes of seven bits
        file.seek(10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)))
    frame = file.read(_HEADER_BYTES)
    for name in (b"Xing", b"Info"):
        place = frame.find(name)
        if 0 <= place <= 200 and len(frame) >= place + 12:  # within the first frame, after at most 32 + 4 bytes
            flags, frames = struct.unpack_from(">II", frame, place + 4)
            return bool(flags & 1 and frames)
    return 0 <= frame.find(b"VBRI") <= 200


if __name__ == "__main__":
    main()
