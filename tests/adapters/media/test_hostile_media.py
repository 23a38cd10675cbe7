"""What the tool makes of bad recordings: an error with a name, no request, no foreign byte, nothing left behind."""

import asyncio
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from adapters.media.commands import Extraction, extract_argv
from adapters.media.ffmpeg import FfmpegMediaTool
from schemas.errors import InputError, MediaEncrypted, MediaTruncated, NoAudioTrack, NotMedia
from tests.adapters.media.corpus import Corpus

NO_MEDIA = [
    *("empty.mp4", "one-byte.mp4", "text.mp4", "random.mp4", "subtitles.mp4", "session.mp4", "list.mp4"),
    *("picture.png", "picture.jpg", "password-file.mp4", "neighbour.mp4", "lecture.wma", "cut-lecture.mp4"),
]
CUT = [
    *("cut-faststart.mp4", "cut-lecture.mkv", "cut-lecture.webm", "cut-lecture.wav", "cut-lecture.flac"),
    *("cut-lecture.mp3", "cut-lecture.avi", "cut-lecture.flv", "cut-no-length.mkv", "boasting.wav", "spoilt.mp4"),
]


async def take(tool: FfmpegMediaTool, source: Path, target: Path) -> float:
    info = await tool.probe(source)
    return await tool.extract_audio(source, info, target, lambda _: None)


@pytest.mark.parametrize("name", NO_MEDIA)
async def test_what_is_no_recording_is_called_so(tool: FfmpegMediaTool, corpus: Corpus, name: str) -> None:
    with pytest.raises(NotMedia) as caught:
        await tool.probe(corpus[name])
    assert "/" not in str(caught.value)


@pytest.mark.parametrize("name", CUT)
async def test_a_recording_that_breaks_off_is_refused_and_leaves_no_sound(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, name: str
) -> None:
    with pytest.raises(MediaTruncated):
        await take(tool, corpus[name], target)
    assert not list(target.parent.iterdir())


@pytest.mark.parametrize("name", ["streamed.wav", "streamed-by-sox.wav"])
async def test_a_header_that_means_until_the_end_declares_nothing(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, name: str
) -> None:
    assert await take(tool, corpus[name], target) == pytest.approx(1, abs=0.01)


async def test_a_film_without_sound_is_told_from_no_film(tool: FfmpegMediaTool, corpus: Corpus) -> None:
    with pytest.raises(NoAudioTrack):
        await tool.probe(corpus["silent-film.mp4"])


async def test_an_encrypted_recording_is_told_from_a_broken_one(tool: FfmpegMediaTool, corpus: Corpus) -> None:
    with pytest.raises(MediaEncrypted):
        await tool.probe(corpus["encrypted.mp4"])


async def test_a_text_that_names_its_neighbour_gets_none_of_its_sound(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, tmp_path: Path
) -> None:
    """The neighbour lies in the same folder, and the caller insists that the text is a lecture."""
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "lecture.mp4").write_bytes(corpus["lecture.mp4"].read_bytes())
    evil = folder / "evil.mp4"
    evil.write_bytes(corpus["neighbour.mp4"].read_bytes())
    info = await tool.probe(folder / "lecture.mp4")
    with pytest.raises(NotMedia):
        await tool.extract_audio(evil, info, target, lambda _: None)
    assert not list(target.parent.glob("*.pcm"))


@pytest.mark.parametrize(
    "address", ["http://{0}/a.ts", "tcp://{0}", "concat:http://{0}/a|http://{0}/b", "crypto+http://{0}/"]
)
@pytest.mark.parametrize(
    "form", ["#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:8.0,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"]
)
async def test_a_playlist_makes_no_request(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, tmp_path: Path, form: str, address: str
) -> None:
    connections = 0

    async def count(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    async with await asyncio.start_server(count, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        evil = tmp_path / "evil.mp4"
        evil.write_text(form.format(address.format(f"{host}:{port}")))
        with pytest.raises(NotMedia):
            await tool.probe(evil)
        with pytest.raises(NotMedia):
            await tool.extract_audio(evil, await tool.probe(corpus["lecture.m4a"]), target, lambda _: None)
    assert connections == 0


def test_ffmpeg_is_told_to_open_no_playlist_no_network_and_no_picture() -> None:
    argv = extract_argv(Path("/usr/bin/ffmpeg"), Extraction("mov", 0, 0, 60, 60))
    told = dict(pairwise(argv))
    formats = set(told["-format_whitelist"].split(","))
    assert told["-protocol_whitelist"] == "file,pipe"
    assert formats.isdisjoint({"hls", "dash", "concat", "sdp", "rtsp", "image2", "png_pipe", "lavfi", "srt", "imf"})
    assert {"h264", "hevc", "vp9", "av1", "mjpeg", "png", "gif"}.isdisjoint(told["-codec_whitelist"].split(","))
    assert argv.index("-format_whitelist") < argv.index("-i") > argv.index("-codec_whitelist")


@pytest.mark.slow
async def test_no_flipped_byte_gives_anything_but_sound_or_an_error_with_a_name(
    tool: FfmpegMediaTool, corpus: Corpus, target: Path, tmp_path: Path
) -> None:
    numbers = np.random.default_rng(3)
    for name in ("lecture.mp4", "lecture.mkv", "lecture.mp3", "lecture.ogg"):
        whole = np.frombuffer(corpus[name].read_bytes(), dtype=np.uint8)
        for _ in range(3):
            spoilt = whole.copy()
            # Half of the damage in the first kilobyte, where the structure is.
            places = np.concatenate([numbers.integers(0, 1_024, 10), numbers.integers(0, len(whole), 10)])
            spoilt[places] = numbers.integers(0, 256, 20)
            evil = tmp_path / "evil"
            evil.write_bytes(spoilt.tobytes())
            with suppress(InputError):
                assert 0 < await take(tool, evil, target) < 7_200
