import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from activities.ports import Embedder
from adapters.embedding.minilm import MAX_TOKENS, MiniLmEmbedder
from adapters.embedding.minilm_graph import graph_path
from tests.recordings import LECTURE_TEXT

MAKE_GRAPH = """
import sys
from pathlib import Path
from adapters.embedding.minilm import MiniLmEmbedder
MiniLmEmbedder(Path(sys.argv[1])).warm_up()
"""

ASKED = {
    "What happens when tectonic plates move suddenly?": "An earthquake is",
    "Where does magma reach the surface?": "A volcano is",
    "How old is the Grand Canyon?": "The Grand Canyon",
    "Which country depends on the Nile for farming?": "Egypt grows",
    "a river of ice": "A glacier is",
    "What makes the sea go up and down every day?": "The tide is",
    "How are sand dunes made?": "The wind blows",
    "land surrounded by the sea": "An island is",
    "the biggest hot desert": "The largest hot desert",
    "What is an area with hardly any rain?": "A desert is",
    "Why does the ground shake?": "An earthquake is",
    "Which place has almost no rain?": "A desert is",
    "What scratches the rock under the ice?": "Stones under",
    "How does stone get worn away?": "Erosion is",
    "What is at the end of a river?": "A delta is",
    "How much of the ice can we see above the water?": "Most of the floating ice",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("minilm")


@pytest.fixture(scope="module")
def minilm(cache: Path) -> MiniLmEmbedder:
    embedder = MiniLmEmbedder(cache)
    embedder.warm_up()
    return embedder


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_it_is_an_embedder(minilm: Embedder) -> None:
    assert (minilm.provider, minilm.model, minilm.dimensions) == ("local", "all-MiniLM-L6-v2", 384)


async def test_similarities_are_those_of_sentence_transformers(minilm: MiniLmEmbedder) -> None:
    texts = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    person, *others = (await minilm.embed(texts)).vectors
    assert [round(cosine(person, other), 4) for other in others] == [0.6946, 0.9429, 0.2569]


async def test_vectors_are_one_unit_long(minilm: MiniLmEmbedder) -> None:
    texts = ["", " ", "x", "🙂 العربية 漢字", "half a pair: \ud83d", "word " * 400]
    vectors = (await minilm.embed(texts)).vectors
    assert [len(vector) for vector in vectors] == [384] * len(texts)
    assert all(abs(cosine(vector, vector) - 1) < 1e-5 for vector in vectors)


async def test_each_text_keeps_its_place_whatever_stands_beside_it(minilm: MiniLmEmbedder) -> None:
    texts = [" ".join(LECTURE_TEXT.read_text().split()[: (n * 37) % 101 + 1]) for n in range(20)]
    together = (await minilm.embed(texts)).vectors
    for text, vector in zip(texts, together, strict=True):
        (alone,) = (await minilm.embed([text])).vectors
        assert cosine(alone, vector) > 0.99999


async def test_a_text_is_read_up_to_256_tokens(minilm: MiniLmEmbedder) -> None:
    fits = "stone " * (MAX_TOKENS - 2)  # the model adds a token before and one behind
    cut, whole = (await minilm.embed([f"{fits} {'glacier ' * 50}", fits])).vectors
    assert cosine(cut, whole) > 0.99999
    longer, shorter = (await minilm.embed([f"{'stone ' * 126} {'glacier ' * 100}", "stone " * 126])).vectors
    assert cosine(longer, shorter) < 0.9  # the file's own limit of 128 is off


async def test_tokens_are_what_is_used(minilm: MiniLmEmbedder) -> None:
    assert (await minilm.embed(["stone", "stone stone"])).usage.input_tokens == 3 + 4
    assert (await minilm.embed([])).vectors == ()


async def test_a_question_finds_the_sentence_that_answers_it(minilm: MiniLmEmbedder) -> None:
    sentences = LECTURE_TEXT.read_text().splitlines()
    known = (await minilm.embed(sentences)).vectors
    hits = 0
    for vector, begins in zip((await minilm.embed(list(ASKED))).vectors, ASKED.values(), strict=True):
        best = max(range(len(known)), key=lambda i: cosine(vector, known[i]))
        hits += sentences[best].startswith(begins)
    assert hits >= 11  # of 16; measured: 12


async def test_the_event_loop_stays_free_while_it_embeds(minilm: MiniLmEmbedder) -> None:
    embedding = asyncio.create_task(minilm.embed(["stone " * 120] * 16))
    longest, last = 0.0, time.monotonic()
    while not embedding.done():
        await asyncio.sleep(0.005)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    assert longest < 0.3


def test_the_graph_is_made_once(cache: Path, minilm: MiniLmEmbedder) -> None:
    (made,) = cache.iterdir()
    before = made.stat()
    MiniLmEmbedder(cache).warm_up()
    assert [path.stat() for path in cache.iterdir()] == [before]


def test_other_weights_make_another_graph(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    assert graph_path(tmp_path / "a", tmp_path) == graph_path(tmp_path / "a", tmp_path)
    assert graph_path(tmp_path / "a", tmp_path) != graph_path(tmp_path / "b", tmp_path)


@pytest.mark.slow
def test_two_processes_that_make_the_graph_at_once_leave_one(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "cache"
    makers = [subprocess.Popen([sys.executable, "-c", MAKE_GRAPH, str(folder)]) for _ in range(2)]
    assert [maker.wait(60) for maker in makers] == [0, 0]
    assert [path.suffix for path in folder.iterdir()] == [".onnx"]
