"""Whatever somebody types is searched for: PostgreSQL's own query language never breaks on it."""

from random import Random
from uuid import uuid4

import pytest
import pytest_asyncio

from adapters.postgres.search import ChunkSearch
from schemas.callers import Caller
from schemas.chunks import SearchQuery
from tests.callers import creator_caller
from tests.databases import FreshDatabase
from tests.fake_models import WordEmbedder
from tests.searchable import ICE, SEA, searchable

pytestmark = pytest.mark.servers

ATOMS = ('"', " or ", "\\", "(", ")", "!", "&", "|", "<->", ":", "'", "*", "a:1", "river", "ice", "the", "é", "\u00ad")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def somebody(database: FreshDatabase) -> Caller:
    """Who has a lecture about ice and another about the sea."""
    creator = uuid4()
    for text in (ICE, SEA):
        await searchable(database.app, WordEmbedder(), creator, text)
    return creator_caller(creator)


async def _by_words(database: FreshDatabase, caller: Caller, words: str) -> list[str]:
    """The beginnings of those that hold the words."""
    vector = (await WordEmbedder().embed([words])).vectors[0]
    hits = await ChunkSearch(database.app).best(caller, SearchQuery(words, WordEmbedder.model, vector))
    return [hit.text[:9] for hit in hits if hit.word_place is not None]


@pytest.mark.parametrize(
    "words", ["-" * 33, "mountains " + "-" * 60 + " rivers", "- " * 250, "-(" * 250, "a|" + "-!" * 40, '"a"' + "-" * 40]
)
async def test_a_line_of_dashes_is_no_error(database: FreshDatabase, somebody: Caller, words: str) -> None:
    assert await _by_words(database, somebody, words) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("glacier", ["A glacier"]),
        ("day -ice", ["The tide "]),
        ("day -- ice", ["A glacier"]),
        ("-- day --", ["A glacier", "The tide "]),
        ("PQ-7", ["A glacier"]),
        ("moon----water", ["The tide "]),
    ],
)
async def test_one_dash_takes_a_word_away_and_several_are_only_dashes(
    database: FreshDatabase, somebody: Caller, words: str, found: list[str]
) -> None:
    assert sorted(await _by_words(database, somebody, words)) == found


async def test_any_mix_of_signs_and_words_is_a_search(database: FreshDatabase, somebody: Caller) -> None:
    random = Random(33)
    for _ in range(300):
        atoms = random.sample(ATOMS, random.randint(0, 5)) + ["-"] * random.randint(1, 3)
        await _by_words(database, somebody, "".join(random.choice(atoms) for _ in range(random.choice((5, 60, 400)))))
