"""One loaded quiz generator for all tests of it."""

from pathlib import Path

import pytest

from adapters.embedding.minilm import MiniLmEmbedder
from adapters.language_model.extractive import ExtractiveQuizGenerator


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("minilm")


@pytest.fixture(scope="session")
def quiz(cache: Path) -> ExtractiveQuizGenerator:
    generator = ExtractiveQuizGenerator(MiniLmEmbedder(cache))
    generator.warm_up()
    return generator
