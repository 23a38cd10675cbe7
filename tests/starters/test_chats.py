"""A question's way, without HTTP: what it costs the database, and whose context is taken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from adapters.chat.extractive import ExtractiveChat
from adapters.postgres.pool import Database
from adapters.redis.cache import Cache
from schemas.callers import Caller
from schemas.chats import AskedQuestion, ChatContext, ChatMessage
from schemas.errors import ChatNotFound
from starters.chats import Chat
from starters.remembered import Remembered
from starters.search import Sought, find_moments
from tests.callers import creator_caller, joined
from tests.chats import chatted, question
from tests.databases import FreshDatabase
from tests.fake_models import WordEmbedder
from tests.searchable import ICE, SEA, published, searchable

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ada(database: FreshDatabase) -> Caller:
    """A member, with two published lectures."""
    creator = uuid4()
    for text in (ICE, SEA):
        await published(database, await searchable(database.app, WordEmbedder(), creator, text))
    return await joined(database, creator)


@asynccontextmanager
async def _counted(database: FreshDatabase) -> AsyncIterator[tuple[Database, list[str]]]:
    """A pool of one connection, and every statement that goes over it, `BEGIN` and `COMMIT` too."""
    one, statements = Database(database.app_url, pool_size=1), list[str]()
    try:
        async with one.transaction() as connection:
            connection.add_query_logger(lambda told: statements.append(told.query))
        statements.clear()
        yield one, statements
    finally:
        await one.close()


def _chat(database: Database) -> Chat:
    return Chat(database, WordEmbedder(), ExtractiveChat(), Remembered(database, Cache("")))


async def _asked(chat: Chat, caller: Caller, asked: AskedQuestion) -> ChatMessage:
    *_, last = [told async for told in chat.answer(await chat.begin(caller, asked))]
    assert isinstance(last, ChatMessage)
    return last


def _work(statements: list[str]) -> list[str]:
    """Those that are not about the transaction itself: its begin with its caller, its end."""
    around = ("BEGIN", "COMMIT", "SET LOCAL ROLE", "SELECT set_config", "SELECT pg_advisory_unlock_all")
    return [sql for sql in statements if not sql.lstrip().startswith(around)]


async def test_a_search_is_one_statement_however_many_videos_it_finds(database: FreshDatabase, ada: Caller) -> None:
    async with _counted(database) as (one, statements):
        moments = await find_moments(one, WordEmbedder(), ada, Sought("the moon and the ice", 10))
        assert len({moment.video_id for moment in moments}) == 2
        assert len(_work(statements)) == 1


async def test_a_question_is_seven_statements_in_four_transactions(database: FreshDatabase, ada: Caller) -> None:
    async with _counted(database) as (one, statements):
        first = await _asked(_chat(one), ada, question(text="What is a glacier?"))
        assert len(first.citations) > 0
        words = [" ".join(sql.split())[:28] for sql in _work(statements)]
        assert words == [
            "SELECT settings FROM creator",  # whether students may ask, where nobody remembers it
            "WITH allowed AS MATERIALIZED",  # the claim
            "INSERT INTO usage_ledger (cr",
            "WITH near AS MATERIALIZED ( ",  # the search
            "UPDATE chat_messages SET ans",
            "UPDATE usage_ledger SET sett",
            "INSERT INTO analytics_events",
        ]
        assert sum(sql.startswith("COMMIT") for sql in statements) == 4
        statements.clear()
        await _asked(_chat(one), ada, question(first.session_id, "What is a glacier?"))
        assert len(_work(statements)) == len(words) + 1  # and the context, where nobody remembers it


async def test_a_remembered_context_of_somebody_else_is_not_taken(database: FreshDatabase, ada: Caller) -> None:
    session = (await chatted(database.app, ada)).session_id

    class Careless(Remembered):
        """As a cache would that forgets to keep callers apart."""

        async def chat_context(self, caller: Caller, session_id: UUID) -> ChatContext:
            assert ada.student_id is not None
            return ChatContext(session_id=session_id, creator_id=ada.creator, asker_id=ada.student_id)

    chat = Chat(database.app, WordEmbedder(), ExtractiveChat(), Careless(database.app, Cache("")))
    assert (await _asked(chat, ada, question(session))).answer
    eve = await joined(database, ada.creator, "eve")
    for other in (eve, creator_caller(ada.creator), ada.model_copy(update={"creator_id": uuid4()})):
        with pytest.raises(ChatNotFound):
            await chat.begin(other, question(session))


async def test_an_answer_that_nobody_hears_to_its_end_is_stored_as_interrupted(
    database: FreshDatabase, ada: Caller
) -> None:
    chat, asked = _chat(database.app), question()
    answer = chat.answer(await chat.begin(ada, asked))
    piece = await anext(answer)
    await answer.aclose()
    stored = await database.rows("SELECT status, answer FROM chat_messages WHERE id = $1", asked.message_id)
    assert [tuple(row) for row in stored] == [("interrupted", piece)]
