"""Where to cut a lecture's sound into parts: in pauses, near the wanted lengths."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.media import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, AudioPart

# The first parts are short, so that the first lines of a transcript can be read early; the later ones are as long as
# keeps a retry cheap and a model's context full.
_TARGET_SECONDS = (15, 15, 30, 60, 120)
_REACH_SECONDS = 5.0  # how far from the wanted length a cut may lie
_REACH_SHARE = 0.2  # and no farther than this share of a short part
_CRUMB_SECONDS = 5.0  # a last part shorter than this belongs to the one before: models invent words in crumbs
_HOP_SAMPLES = SAMPLE_RATE_HZ // 100  # 10 ms; cuts lie on whole hundredths of a second
# A consonant such as "t" is silent for up to 100 ms in the middle of a word, so the quietest 50 ms alone would cut
# words. The quietest 300 ms are a pause; within them the quietest 50 ms are the place.
_PAUSE_HOPS = 31
_CUT_HOPS = 5


def cut_at_pauses(pcm: Path) -> list[AudioPart]:
    """Parts that cover the raw 16 kHz mono 16-bit samples without gap or overlap; the same bytes give the same parts.

    Only the surroundings of each cut are read: 10 s of sound at a time, however long the file is.
    """
    size = pcm.stat().st_size // BYTES_PER_SAMPLE
    if size == 0:
        return []
    samples = np.memmap(pcm, dtype="<i2", mode="r", shape=(size,))
    borders = [0]
    while (cut := _next_cut(samples, borders[-1], len(borders) - 1)) is not None:
        borders.append(cut)
    borders.append(size)
    seconds = [border / SAMPLE_RATE_HZ for border in borders]
    return [
        AudioPart(number=number, start_second=start, end_second=end)
        for number, (start, end) in enumerate(pairwise(seconds))
    ]


def _next_cut(samples: NDArray[np.int16], start: int, number: int) -> int | None:
    """The sample at which part `number`, which starts at `start`, ends; None where it is the last."""
    wanted = _TARGET_SECONDS[min(number, len(_TARGET_SECONDS) - 1)]
    reach = int(min(_REACH_SECONDS, wanted * _REACH_SHARE) * SAMPLE_RATE_HZ)
    middle = start + wanted * SAMPLE_RATE_HZ
    if len(samples) - middle - reach < _CRUMB_SECONDS * SAMPLE_RATE_HZ:
        return None
    return middle - reach + _quietest(samples[middle - reach : middle + reach])


def _quietest(window: NDArray[np.int16]) -> int:
    """The sample of the window, on a whole hop, in the middle of its quietest moment; of equals the most central."""
    hops = window[: len(window) // _HOP_SAMPLES * _HOP_SAMPLES].reshape(-1, _HOP_SAMPLES)
    energy = np.square(hops.astype(np.float64)).mean(axis=1)
    pause = _most_central_minimum(_smoothed(energy, _PAUSE_HOPS))
    first = max(0, pause - _PAUSE_HOPS // 2)
    moment = _smoothed(energy, _CUT_HOPS)[first : pause + _PAUSE_HOPS // 2 + 1]
    return (
        int((first + _most_central_minimum(moment)) * _HOP_SAMPLES + _HOP_SAMPLES // 2) // _HOP_SAMPLES * _HOP_SAMPLES
    )


def _smoothed(energy: NDArray[np.float64], hops: int) -> NDArray[np.float64]:
    """The mean over `hops` around each; beyond the ends the last value goes on, or the edges would look quiet."""
    padded = np.pad(energy, hops // 2, mode="edge")
    return np.convolve(padded, np.full(hops, 1 / hops), mode="valid")


def _most_central_minimum(values: NDArray[np.float64]) -> int:
    equals = np.flatnonzero(values <= values.min() * (1 + 1e-9))
    return int(equals[np.argmin(np.abs(equals - len(values) // 2))])
