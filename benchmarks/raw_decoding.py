"""The peer of the hour: the same model over the same audio, as many bare processes as cores, and nothing else.

No server, no database, no captions, chunks, embeddings or quiz, and nothing that would survive a kill: what the whole
costs over this is the price of everything else.
"""

import asyncio
import multiprocessing
import os
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from adapters.media.binaries import find_ffmpeg
from adapters.media.pauses import cut_at_pauses
from adapters.speech.whisper import WhisperTranscriber
from schemas.media import BYTES_PER_SECOND, AudioPart

_whisper = WhisperTranscriber()


def _load() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    _whisper.warm_up()


def _hear(pcm: Path, part: AudioPart) -> int:
    with pcm.open("rb") as file:
        file.seek(round(part.start_second * BYTES_PER_SECOND))
        samples = file.read(round((part.end_second - part.start_second) * BYTES_PER_SECOND))
    return len(asyncio.run(_whisper.transcribe(samples)).segments)


def raw_decoding_seconds(video: Path) -> float:
    """From the start of the processes to the last word."""
    with tempfile.TemporaryDirectory() as folder:
        pcm = Path(folder) / "audio.pcm"
        arguments = ["-nostdin", "-loglevel", "error", "-i", video, "-vn", "-ac", "1", "-ar", "16000", "-f", "s16le"]
        subprocess.run([str(find_ffmpeg()), *map(str, arguments), str(pcm)], check=True)
        began = time.monotonic()
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn, initializer=_load) as pool:
            list(pool.map(_hear, *zip(*((pcm, part) for part in cut_at_pauses(pcm)), strict=True)))
        return time.monotonic() - began
