"""Search by meaning and by words, down to the sentence and its second, in what the caller may see."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from schemas.callers import Caller
from schemas.ids import course_id
from schemas.videos import VideoRef
from starters.search import Moment, Sought, find_moments
from tests.callers import creator_caller, joined, student_caller
from tests.databases import FreshDatabase
from tests.fake_models import WordEmbedder
from tests.searchable import ICE, SEA, published, searchable

pytestmark = pytest.mark.servers

WORD_SECONDS = 0.4


@dataclass(frozen=True)
class Library:
    """A creator with a published lecture on ice and another on the sea; somebody else with the same words."""

    database: FreshDatabase
    creator: UUID
    ice: VideoRef
    sea: VideoRef
    others: UUID

    async def find(
        self, words: str, caller: Caller | None = None, video_id: UUID | None = None, course_id: UUID | None = None
    ) -> list[Moment]:
        asking = caller or creator_caller(self.creator)
        sought = Sought(words, 10, video_id, course_id)
        return await find_moments(self.database.app, WordEmbedder(), asking, sought)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(database: FreshDatabase) -> AsyncIterator[Library]:
    creator, others, embedder = uuid4(), uuid4(), WordEmbedder()
    ice = await published(database, await searchable(database.app, embedder, creator, ICE))
    sea = await searchable(database.app, embedder, creator, SEA, course="Oceans")
    await published(database, await searchable(database.app, embedder, others, ICE))
    yield Library(database, creator, ice, sea, others)


async def test_a_hit_names_the_sentence_and_the_second_at_which_it_is_said(library: Library) -> None:
    best = (await library.find("what pulls the water"))[0]
    assert (best.sentence, best.video_id) == ("The moon pulls the water.", library.sea.video_id)
    before = "The tide is the rise and fall of the sea. It comes twice a day."
    assert best.start_second == pytest.approx(len(before.split()) * WORD_SECONDS)
    assert best.passage == SEA


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("moved", "It moves a few metres a day."),
        ("cameras", "The camera that we used is called PQ-7."),
        ('"PQ-7"', "The camera that we used is called PQ-7."),
        ("ends stones", "Where it ends it leaves a moraine of stones."),
        ("coming or unheard", "It comes twice a day."),
    ],
)
async def test_words_are_found_in_any_form_down_to_their_sentence(library: Library, typed: str, sentence: str) -> None:
    """The embedder of this test knows no stems: most of what is typed here is strange to it."""
    assert (await library.find(typed))[0].sentence == sentence


async def test_a_search_stays_in_the_video_or_the_course_that_is_named(library: Library) -> None:
    words = "the moon and the ice"
    assert {hit.video_id for hit in await library.find(words)} == {library.ice.video_id, library.sea.video_id}
    by_video = await library.find(words, video_id=library.sea.video_id)
    by_course = await library.find(words, course_id=course_id(library.creator, "Oceans"))
    assert {hit.video_id for hit in by_video} == {hit.video_id for hit in by_course} == {library.sea.video_id}
    assert await library.find(words, video_id=uuid4()) == []
    assert await library.find(words, course_id=uuid4()) == []


async def test_a_student_finds_what_is_published_while_a_member(library: Library) -> None:
    words = "the moon and the ice"
    member = await joined(library.database, library.creator)
    assert {hit.video_id for hit in await library.find(words, member)} == {library.ice.video_id}
    assert await library.find(words, member, video_id=library.sea.video_id) == []
    expired = await joined(library.database, library.creator, "bob", "expired")
    for stranger in (expired, student_caller(library.creator, "nobody"), student_caller(library.others, "ada")):
        assert await library.find(words, stranger) == []


async def test_another_creators_lectures_are_not_found(library: Library) -> None:
    assert {hit.video_id for hit in await library.find("glacier")} == {library.ice.video_id, library.sea.video_id}
    assert await library.find("glacier", creator_caller(uuid4())) == []


@pytest.mark.parametrize(
    "words", ["-", '"', "!!!", "a & | ( b", "x " * 200, "🙂", "DROP TABLE chunks; --", "-ice", "the"]
)
async def test_whatever_is_typed_is_words(library: Library, words: str) -> None:
    assert len(await library.find(words)) <= 10


async def test_a_chunk_without_stored_sentences_is_one_sentence(library: Library) -> None:
    await library.database.scalar("UPDATE chunks SET sentences = '[]' WHERE creator_id = $1", library.others)
    (hit,) = await library.find("glacier", creator_caller(library.others))
    assert (hit.sentence, hit.start_second) == (ICE, 0)
