"""A chat's question on its way: claimed, searched, asked, told as it is written, and stored whatever happens."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from activities.ports import ChatModel, Embedder
from adapters.postgres.chats import Claim, PostgresChats
from adapters.postgres.pool import Database
from schemas.callers import Caller
from schemas.chats import (
    NOTHING_FOUND,
    AskedQuestion,
    ChatContext,
    ChatMessage,
    ChatRequest,
    Citation,
    Exchange,
    MessageStatus,
    Passage,
    Reply,
)
from schemas.creators import CreatorSettings
from schemas.errors import AnswerPending, ChatNotFound, Forbidden
from schemas.usage import Usage
from starters.citations import CitationReader
from starters.search import Moment, Sought, find_moments

PASSAGES = 5
Told = str | Citation | ChatMessage  # a piece of the answer, where it was said, and at the end all that is stored


@dataclass(frozen=True)
class Begun:
    """A question that is to be answered now, or one that was: then `claim` is its stored message."""

    caller: Caller
    claim: Claim | ChatMessage
    exchanges: tuple[Exchange, ...] = ()


class Memory(Protocol):
    """What need not be read from the database every time; see `Remembered`."""

    async def settings(self, creator: UUID) -> CreatorSettings: ...

    async def chat_context(self, caller: Caller, session_id: UUID) -> ChatContext: ...

    async def forget_chat_context(self, caller: Caller, session_id: UUID) -> None: ...


class Chat:
    """Answers questions about what the caller may see."""

    def __init__(self, database: Database, embedder: Embedder, model: ChatModel, memory: Memory) -> None:
        self._database = database
        self._embedder = embedder
        self._model = model
        self._chats = PostgresChats(database)
        self._memory = memory

    async def begin(self, caller: Caller, asked: AskedQuestion) -> Begun:
        """Make sure that the caller may ask this, and that this process alone answers it.

        Idempotent: the same key gives the stored answer. Raises: Forbidden where the creator
        wants no chat for students; see `PostgresChats.claim`.
        """
        if caller.student_id is not None and not (await self._memory.settings(caller.creator)).chat_for_students:
            raise Forbidden("this creator has no chat for students")
        exchanges: tuple[Exchange, ...] = ()
        if not asked.is_new_session:
            context = await self._memory.chat_context(caller, asked.session_id)
            if (context.creator_id, context.asker_id) != (caller.creator, caller.person):
                raise ChatNotFound(f"you have no chat session {asked.session_id}")
            exchanges = context.exchanges
        claim = await self._chats.claim(caller, asked, self._model.provider, self._model.model)
        return Begun(caller, claim, exchanges)

    async def answer(self, begun: Begun) -> AsyncGenerator[Told, None]:
        """The answer as it is written, each citation when it is first met, and at last the stored message.

        Close the generator when nobody listens any more: the model's call ends, and what was written until then is
        stored as interrupted, with what it cost.
        Raises: the provider's errors; DatabaseUnavailable; AnswerPending where a later attempt has taken over.
        """
        if isinstance(begun.claim, ChatMessage):
            for told in _again(begun.claim):
                yield told
            return
        draft = _Draft()
        try:
            async with aclosing(self._written(begun, begun.claim, draft)) as pieces:
                async for piece in pieces:
                    yield piece
            draft.status = MessageStatus.ANSWERED
        finally:
            message = await self._chats.finish(begun.caller, begun.claim, draft.reply())
            await self._memory.forget_chat_context(begun.caller, begun.claim.question.session_id)
        if message is None:
            raise AnswerPending("this question is being answered elsewhere", retry_after=1)
        yield message

    async def _written(self, begun: Begun, claim: Claim, draft: "_Draft") -> AsyncGenerator[str | Citation, None]:
        asked = claim.question
        sought = Sought(asked.question, PASSAGES, asked.video_id, asked.course_id)
        moments = await find_moments(self._database, self._embedder, begun.caller, sought)
        passages = tuple(_passage(number, moment) for number, moment in enumerate(moments, 1))
        if not passages:
            yield draft.take(NOTHING_FOUND)
            return
        reader = CitationReader(passages)
        request = ChatRequest(question=asked.question, passages=passages, exchanges=begun.exchanges)
        async with aclosing(self._model.answer(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Usage):
                    draft.told = piece
                    continue
                for read in reader.feed(piece):
                    yield draft.take(read)
        for read in reader.end():
            yield draft.take(read)


class _Draft:
    """What is written so far, and what it costs."""

    def __init__(self) -> None:
        self.status = MessageStatus.INTERRUPTED
        self.told = Usage()
        self._text: list[str] = []
        self._citations: list[Citation] = []

    def take(self, piece: str | Citation) -> str | Citation:
        if isinstance(piece, str):
            self._text.append(piece)
        else:
            self._citations.append(piece)
        return piece

    def reply(self) -> Reply:
        text, used = "".join(self._text), self.told
        if self.status is MessageStatus.INTERRUPTED and used.input_tokens and not used.output_tokens:
            # The provider tells at the end only, and bills what it wrote until then: four characters are about a token.
            used = used.model_copy(update={"output_tokens": len(text) // 4})
        return Reply(answer=text, citations=tuple(self._citations), status=self.status, usage=used)


def _passage(number: int, moment: Moment) -> Passage:
    return Passage(
        number=number,
        video_id=moment.video_id,
        title=moment.title,
        start_second=moment.start_second,
        end_second=moment.end_second,
        quotation=moment.sentence,
        text=moment.passage,
        score=moment.score,
    )


def _again(message: ChatMessage) -> Sequence[Told]:
    return [message.answer, *message.citations, message]
