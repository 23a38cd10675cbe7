"""A corpus and a tool for the whole session: both only read."""

from pathlib import Path

import pytest

from adapters.media.ffmpeg import FfmpegMediaTool
from tests.adapters.media.corpus import Corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def tool() -> FfmpegMediaTool:
    return FfmpegMediaTool(max_hours=2)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "sound.pcm"
