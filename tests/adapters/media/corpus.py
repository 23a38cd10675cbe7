"""Good, odd and bad recordings, made by ffmpeg in a few seconds: eight seconds long, a beep at 3.0 s."""

import random
import subprocess
from pathlib import Path

from adapters.media.binaries import find_ffmpeg

SECONDS = 8.0
BEEP_SECOND = 3.0
_SOUND = "aevalsrc='0.8*sin(2*PI*1000*t)*between(t,3,3.2)+0.001*sin(2*PI*100*t)':s=48000:d=8"
_PICTURE = "testsrc2=s=160x90:r=15:d=8"
# A gap of three seconds after the beep, kept as a gap in the time stamps, with a second beep behind it at 7.0 s.
_TWO_BEEPS = "aevalsrc='0.8*sin(2*PI*1000*t)*(between(t,3,3.2)+between(t,7,7.2))':s=48000:d=8"
_WITH_GAP = "aselect='not(between(t,3.5,6.5))'"
_KEY = "76a6c65c5ea762046bd749a2e632ccbb"


class Corpus:
    """A folder of recordings; each is made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = find_ffmpeg()

    def __getitem__(self, name: str) -> Path:
        path = self._folder / name
        if not path.exists():
            self._make(name, path)
        return path

    def _make(self, name: str, path: Path) -> None:
        if name.startswith("cut-"):
            whole = self[name.removeprefix("cut-")].read_bytes()
            path.write_bytes(whole[: len(whole) * 6 // 10])
        elif name in _BYTES:
            path.write_bytes(_BYTES[name])
        elif name in _SPOILT:
            source, spoil = _SPOILT[name]
            path.write_bytes(spoil(self[source].read_bytes()))
        else:
            sources, *options = _COMMANDS[name]
            inputs = [word for source in sources.split() for word in self._input(source)]
            self._ffmpeg(*inputs, *options, str(path))

    def _input(self, source: str) -> list[str]:
        if source in _LAVFI:
            return ["-f", "lavfi", "-i", _LAVFI[source]]
        changed, _, name = source.rpartition("@")  # "2@x" begins two seconds late, "-2@x" leaves out two seconds
        how = ["-ss", changed[1:]] if changed.startswith("-") else ["-itsoffset", changed] if changed else []
        return [*how, "-i", str(self[name])]

    def _ffmpeg(self, *words: str) -> None:
        argv = [str(self._program), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *words]
        subprocess.run(argv, check=True, capture_output=True, timeout=60)


def _every_40th_byte_of_media(whole: bytes) -> bytes:
    numbers = random.Random(1)
    spoilt = bytearray(whole)
    for place in range(spoilt.index(b"mdat") + 8, len(spoilt), 40):
        spoilt[place] = numbers.randrange(256)
    return bytes(spoilt)


def _wav_that_claims(bytes_of_sound: int) -> bytes:
    """A header's claim over one second of sound: 32,000 bytes at 16 kHz mono."""
    sizes = [(36 + bytes_of_sound) & 0xFFFFFFFF, bytes_of_sound]
    riff, data = (size.to_bytes(4, "little") for size in sizes)
    fmt = b"\x10\0\0\0\1\0\1\0" + (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little") + b"\2\0\x10\0"
    return b"RIFF" + riff + b"WAVEfmt " + fmt + b"data" + data + bytes(range(250)) * 128


_LAVFI = {
    "picture": _PICTURE,
    "sound": _SOUND,
    "two-beeps": _TWO_BEEPS,
    "quiet": "anullsrc=r=48000:cl=mono:d=8",
    "surround": "aevalsrc='0|0|0.8*sin(2*PI*1000*t)*between(t,3,3.2)|0|0|0':c=5.1:s=48000:d=8",
    "late-sound": "aevalsrc='0.8*sin(2*PI*1000*t)*between(t,1,1.2)':s=48000:d=6",
}
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "15")
_VPX = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "100k")
_COPY = ("-c", "copy")
_COMMANDS: dict[str, tuple[str, ...]] = {
    "lecture.mp4": ("picture sound", *_X264, "-c:a", "aac"),
    "lecture.mov": ("lecture.mp4", *_COPY),
    "lecture.mkv": ("lecture.mp4", *_COPY),
    "lecture.ts": ("lecture.mp4", *_COPY),
    "lecture.flv": ("lecture.mp4", *_COPY),
    "lecture.avi": ("lecture.mp4", "-c:v", "copy", "-c:a", "pcm_s16le"),
    "lecture.webm": ("picture sound", *_VPX, "-c:a", "libopus"),
    "lecture.mp3": ("sound",),
    "lecture.m4a": ("lecture.mp4", "-vn", *_COPY),
    "lecture.wav": ("sound",),
    "lecture.flac": ("sound",),
    "lecture.ogg": ("sound", "-c:a", "libvorbis"),
    "lecture.aac": ("lecture.m4a", *_COPY),
    "lecture.wma": ("sound",),
    # What honest programs also write.
    "no-frame-count.mp3": ("sound", "-write_xing", "0"),
    "unknown-length.flac": ("sound", "-f", "flac", "-compression_level", "0", "-flush_packets", "0"),
    "live.webm": ("lecture.webm", *_COPY, "-live", "1"),
    "fragmented.mp4": ("lecture.mp4", *_COPY, "-movflags", "frag_keyframe+empty_moov"),
    "faststart.mp4": ("lecture.mp4", *_COPY, "-movflags", "+faststart"),
    "edit-list.mp4": ("-2.3@lecture.mp4", *_COPY),
    "both-late.mkv": ("5@lecture.mp4", *_COPY, "-copyts"),
    "uneven-frames.mp4": ("picture sound", "-vf", "select='not(mod(n,7))'", "-fps_mode", "vfr", *_X264, "-c:a", "aac"),
    "telephone.wav": ("sound", "-ar", "8000", "-c:a", "pcm_mulaw"),
    "surround.mp4": ("picture surround", *_X264, "-c:a", "aac"),
    "two-languages.mkv": ("sound quiet", "-map", "0", "-map", "1", "-c:a", "flac"),
    # Sound that begins two seconds after the picture: its beep, one second into it, is at second 3 of the video.
    "late.m4a": ("late-sound",),
    "late.mp4": ("picture 2@late.m4a", "-map", "0", "-map", "1", *_X264, "-c:a", "copy"),
    "late.mov": ("late.mp4", *_COPY),
    "late.mkv": ("late.mp4", *_COPY),
    "late.ts": ("late.mp4", *_COPY),
    "late.flv": ("late.mp4", *_COPY),
    "late.webm": ("picture 2@late.m4a", "-map", "0", "-map", "1", *_VPX, "-c:a", "libopus"),
    "gap.mp4": ("picture two-beeps", *_X264, "-af", _WITH_GAP, "-c:a", "aac"),
    "gap.mkv": ("picture two-beeps", *_X264, "-af", _WITH_GAP, "-c:a", "aac"),
    "gap.webm": ("picture two-beeps", *_VPX, "-af", _WITH_GAP, "-c:a", "libopus"),
    "late-by-an-hour.mp4": ("picture 3600@late.m4a", "-map", "0", "-map", "1", *_X264, "-c:a", "copy"),
    "late-by-ten-minutes.mp4": ("picture 600@late.m4a", "-map", "0", "-map", "1", *_X264, "-c:a", "copy"),
    # Bad ones.
    "silent-film.mp4": ("lecture.mp4", "-an", *_COPY),
    "picture.png": ("picture", "-frames:v", "1"),
    "picture.jpg": ("picture", "-frames:v", "1"),
    "encrypted.mp4": (
        "lecture.mp4",
        *_COPY,
        *("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", _KEY, "-encryption_kid", _KEY),
    ),
    "seventy-seconds.mp3": ("quiet", "-af", "apad=whole_dur=70"),
}
_BYTES = {
    "empty.mp4": b"",
    "one-byte.mp4": b"\0",
    "text.mp4": b"Dear students, the lecture is in the attachment.\n" * 200,
    "random.mp4": random.Random(2).randbytes(200_000),
    "subtitles.mp4": b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n" * 50,
    "neighbour.mp4": b"ffconcat version 1.0\nfile lecture.mp4\n",
    "session.mp4": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "list.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:8.0,\nlecture.ts\n#EXT-X-ENDLIST\n",
    "password-file.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:8.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "streamed.wav": _wav_that_claims(0xFFFFFFFF),
    "streamed-by-sox.wav": _wav_that_claims(0x7FFFF000),
    "boasting.wav": _wav_that_claims(320_000),
}
_SPOILT = {
    "spoilt.mp4": ("faststart.mp4", _every_40th_byte_of_media),
    "joined.ts": ("lecture.ts", lambda whole: whole + whole),
    "no-length.mkv": ("lecture.mkv", lambda whole: whole.replace(b"DURATION", b"DURATIOX")),
}
