"""The step that cuts a transcript into chunks."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from temporalio import activity

from activities.ports import ChunkRepository, TranscriptRepository, VideoRepository
from activities.sentences import Sentence, SentenceSplitter, pause_between, sentences_of
from schemas import ids
from schemas.chunks import Chunk, ChunksRef, SpokenSentence
from schemas.transcripts import TranscriptRef, Word
from schemas.videos import Stage

# MiniLM reads 256 wordpieces, two of them its own. Weighed characters per wordpiece, measured with its tokenizer: prose
# 4.6, biochemistry 4.0, spoken digits 3.9, bare decimals 3.5, source code 3.3; 800 / 254 = 3.15 is the least allowed.
# Unweighed, digits are at 2.5 and code at 1.7, so 800 plain characters of them would be cut off (328 and 468 pieces).
MAX_CHUNK_CHARACTERS = 800
_DIGIT_WEIGHT = 2
_SYMBOL_WEIGHT = 4  # one wordpiece each, as is a letter of a script that the model hardly knows
_LATIN_END = 0x250

MAX_OVERLAP_SENTENCES = 2
MAX_OVERLAP_CHARACTERS = 200  # a quarter: the rest of every chunk is new
# A chunk ends at the longest pause between sentences in its last part: the lecturer's own paragraphs. Since that
# depends on what is near only, the chunks behind a changed sentence soon fall in step with the old ones again.
MIN_NEW_CHARACTERS = 350


class ChunkActivities:
    """Cuts transcripts into chunks."""

    def __init__(
        self,
        transcripts: TranscriptRepository,
        chunks: ChunkRepository,
        videos: VideoRepository,
        splitter: SentenceSplitter,
    ) -> None:
        self._transcripts = transcripts
        self._chunks = chunks
        self._videos = videos
        self._splitter = splitter

    @activity.defn
    async def chunk_transcript(self, transcript: TranscriptRef) -> ChunksRef:
        """Store the transcript's whole sentences in chunks that an embedding model can read, timed in seconds.

        Idempotent: the same text gives the same chunks with the same ids, and the set is replaced as a whole.
        Raises: Superseded (permanent); StoreUnavailable (transient).
        """
        await self._videos.start_stage(transcript.video, Stage.CHUNKS, 0, "chunks")
        segments = await self._transcripts.segments(transcript.video, transcript.transcript_id)
        # 0.6 s of computing for four hours of speech (measured): in a thread, or heartbeats of others would wait.
        sentences = await asyncio.to_thread(sentences_of, segments, self._splitter)
        chunks = await asyncio.to_thread(chunks_of, transcript.transcript_id, sentences)
        await self._chunks.replace(transcript.video, transcript.transcript_id, chunks)
        await self._videos.finish_stage(transcript.video, Stage.CHUNKS, len(chunks), "chunks")
        return ChunksRef(video=transcript.video, transcript_id=transcript.transcript_id, count=len(chunks))


def chunks_of(transcript_id: UUID, sentences: Sequence[Sentence]) -> list[Chunk]:
    """The sentences in chunks that weigh at most MAX_CHUNK_CHARACTERS; neighbours share a sentence or two."""
    pieces = [piece for sentence in sentences for piece in _pieces(sentence)]
    return [_chunk(transcript_id, position, run) for position, run in enumerate(_packed(pieces))]


def _chunk(transcript_id: UUID, position: int, sentences: Sequence[Sentence]) -> Chunk:
    whole = Sentence(tuple(word for sentence in sentences for word in sentence.words))
    return Chunk(
        id=ids.chunk_id(transcript_id, position, whole.text),
        position=position,
        text=whole.text,
        start_second=whole.start_second,
        end_second=whole.end_second,
        sentences=tuple(
            SpokenSentence(start_second=s.start_second, end_second=s.end_second, text=s.text) for s in sentences
        ),
    )


def weight(text: str) -> int:
    """Characters, counting those as several that fill an embedding model's window as several letters do."""
    return sum(_weight_of(character) for character in text)


def _weight_of(character: str) -> int:
    if character.isspace() or (character.isalpha() and ord(character) < _LATIN_END):
        return 1
    return _DIGIT_WEIGHT if character.isdigit() else _SYMBOL_WEIGHT


@dataclass(frozen=True)
class _Piece:
    """A sentence, or as much of a long one as one chunk holds; the weight includes a space after it."""

    words: tuple[Word, ...]
    weight: int


def _pieces(sentence: Sentence) -> Iterator[_Piece]:
    """The sentence in one piece where a chunk holds it, else cut between words."""
    words: list[Word] = []
    total = 0
    for word in sentence.words:
        more = weight(word.text) + 1
        if words and total + more - 1 > MAX_CHUNK_CHARACTERS:
            yield _Piece(tuple(words), total)
            words, total = [], 0
        words.append(word)
        total += more
    yield _Piece(tuple(words), total)


def _packed(pieces: Sequence[_Piece]) -> Iterator[list[Sentence]]:
    first = 0
    while first < len(pieces):
        overlap = _overlap_before(pieces, first)
        room = MAX_CHUNK_CHARACTERS + 1 - sum(piece.weight for piece in pieces[overlap:first])
        end = _end(pieces, first, room)
        yield [Sentence(piece.words) for piece in pieces[overlap:end]]
        first = end


def _overlap_before(pieces: Sequence[_Piece], first: int) -> int:
    """Where the overlap of a chunk whose news begin at `first` begins: at `first` itself where none fits."""
    overlap, left = first, min(MAX_OVERLAP_CHARACTERS, MAX_CHUNK_CHARACTERS + 1 - pieces[first].weight)
    while overlap > 0 and first - overlap < MAX_OVERLAP_SENTENCES and pieces[overlap - 1].weight <= left:
        overlap -= 1
        left -= pieces[overlap].weight
    return overlap


def _end(pieces: Sequence[_Piece], first: int, room: int) -> int:
    """Where the next chunk's news begin: after the longest pause that leaves this chunk neither too long nor tiny."""
    end, total = first, 0
    allowed: list[int] = []
    while end < len(pieces) and total + pieces[end].weight <= room:
        total += pieces[end].weight
        end += 1
        if total >= MIN_NEW_CHARACTERS:
            allowed.append(end)
    if end == len(pieces) or not allowed:
        return end
    return max(allowed, key=lambda i: (pause_between(pieces[i - 1].words[-1], pieces[i].words[0]), i))
