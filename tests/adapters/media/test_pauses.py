"""Parts cover the sound and are cut where nobody speaks."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.media.pauses import cut_at_pauses
from schemas.media import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

NOISE = np.random.default_rng(4)


def speech(seconds: float, *pauses: tuple[float, float, float]) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Noise as loud as a voice; a pause is its start, its end and how loud it still is (1 is a voice)."""
    loudness = np.full(round(seconds * SAMPLE_RATE_HZ), 3_000.0)
    for start, end, level in pauses:
        loudness[round(start * SAMPLE_RATE_HZ) : round(end * SAMPLE_RATE_HZ)] = 3_000 * level
    samples: np.ndarray[tuple[int], np.dtype[np.int16]] = (NOISE.standard_normal(len(loudness)) * loudness).astype(
        "<i2"
    )
    return samples


def cuts(path: Path, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> list[float]:
    samples.tofile(path)
    return [part.end_second for part in cut_at_pauses(path)]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9_000_000))
@example(34 * SAMPLE_RATE_HZ)
def test_parts_cover_every_length_without_gap_or_overlap(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    path = tmp_path_factory.getbasetemp() / "sound.pcm"
    with path.open("wb") as file:
        file.truncate(size * BYTES_PER_SAMPLE)
    parts = cut_at_pauses(path)
    assert [part.number for part in parts] == list(range(len(parts)))
    assert (parts[0].start_second, parts[-1].end_second) == (0, size / SAMPLE_RATE_HZ)
    assert all(one.end_second == other.start_second for one, other in pairwise(parts))
    assert all((part.start_second * SAMPLE_RATE_HZ).is_integer() for part in parts)
    assert len(parts) == 1 or parts[-1].end_second - parts[-1].start_second >= 5
    assert all(part.end_second - part.start_second <= 130 for part in parts)


def test_the_first_parts_are_short_so_that_the_first_lines_come_early(tmp_path: Path) -> None:
    lengths = np.diff([0, *cuts(tmp_path / "sound.pcm", np.zeros(600 * SAMPLE_RATE_HZ, "<i2"))])
    assert lengths[:6] == pytest.approx([15, 15, 30, 60, 120, 120], abs=0.01)


def test_a_cut_lies_in_the_pause_near_the_wanted_length(tmp_path: Path) -> None:
    sound = speech(100, (12.5, 13.1, 0.02), (29.6, 30.2, 0.02))
    first, second, *_ = cuts(tmp_path / "sound.pcm", sound)
    assert 12.5 < first < 13.1
    assert 29.6 < second < 30.2


def test_a_pause_beyond_reach_does_not_count(tmp_path: Path) -> None:
    first, *_ = cuts(tmp_path / "sound.pcm", speech(100, (10, 11.9, 0.001)))
    assert 12 <= first <= 18


def test_the_end_of_reach_is_no_pause(tmp_path: Path) -> None:
    first, *_ = cuts(tmp_path / "sound.pcm", speech(100, (14.5, 15.5, 0.8)))
    assert 14.5 < first < 15.5


def test_a_consonant_is_not_taken_for_a_pause(tmp_path: Path) -> None:
    """Silent for 80 ms within a word, against a pause of half a second in a room that hums."""
    first, *_ = cuts(tmp_path / "sound.pcm", speech(100, (14.5, 14.58, 0.001), (16.5, 17.0, 0.03)))
    assert 16.5 < first < 17.0


def test_the_same_sound_is_cut_at_the_same_places(tmp_path: Path) -> None:
    sound = speech(200)
    assert cuts(tmp_path / "one.pcm", sound) == cuts(tmp_path / "two.pcm", sound)


def test_no_sound_has_no_parts(tmp_path: Path) -> None:
    assert cuts(tmp_path / "sound.pcm", np.zeros(0, "<i2")) == []
