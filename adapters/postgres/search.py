"""Search: the chunks nearest in meaning and those that hold the words, fused, among those that the caller may see."""

import re

from asyncpg import Record

from adapters.postgres.pool import Database
from schemas.callers import Caller
from schemas.chunks import HitSentence, SearchHit, SearchQuery
from schemas.errors import SettingsInvalid

# One literal a model: only then does the planner see that the model's partial index applies. Names and dimensions are
# those of the migrations' indexes.
_DIMENSIONS = {"all-MiniLM-L6-v2": 384, "text-embedding-3-small": 1536}

# Reciprocal rank fusion: what is k-th in a list counts 1 / (60 + k), summed over the lists. It needs no common scale.
# Cormack, Clarke and Büttcher, SIGIR 2009; 60 is theirs, and nothing near it makes a difference.
FUSION_CONSTANT = 60

# The index is filtered by creator after the scan, so a plain scan returns too few rows to a small creator among many
# (1 of 10, measured); iterative scans go on until enough are found. A scan ends at so many rows, or
# at work_mem times the multiplier (4 MB times 1 by default: too little for 50,000 neighbours, measured).
_SCAN = (
    "SET LOCAL hnsw.iterative_scan = 'relaxed_order'",
    "SET LOCAL hnsw.max_scan_tuples = 200000",
    "SET LOCAL hnsw.scan_mem_multiplier = 50",
    "SET LOCAL plan_cache_mode = 'force_custom_plan'",
)

# Before a word each dash is a NOT on PostgreSQL's stack of 32, also where signs that it skips come between: a line of
# dashes is "tsquery stack too small". Whoever types several negates nothing; inside a word they are the word's.
_DASHES = re.compile(r"(?<!\w)-[\s!&|()-]*-")


class ChunkSearch:
    """Finds chunks by meaning and by words."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def best(self, caller: Caller, query: SearchQuery, limit: int = 10) -> list[SearchHit]:
        """The `limit` best chunks by both lists together, best first. One statement, however many hits.

        Raises: SettingsInvalid where the model has no index.
        """
        if query.model not in _DIMENSIONS:
            raise SettingsInvalid(f"there is no search index for the embedding model {query.model!r}")
        words = _DASHES.sub(" ", query.words)
        arguments = (caller.creator, list(query.vector), words, query.video_id, query.course_id, limit)
        async with self._database.as_caller(caller, *_SCAN) as connection:
            rows = await connection.fetch(_best(query.model), *arguments)
        return [_hit(row) for row in rows]


# `near` is the query that the vector index answers, about right and in relaxed order; `by_meaning` puts it right
# with full precision (10 of 10, where asking the index for 10 gave 9). Each list is four times as long as the
# answer. A sentence's words count one by one: a whole question hardly ever stands in one sentence. Where the chunk was
# not found by words they count nothing, and are not counted: that would be half of the statement's time.
_BEST = """WITH near AS MATERIALIZED (
    SELECT chunk_id, 1 - (embedding <=> $2::vector) AS score FROM embeddings
    WHERE creator_id = $1 AND model = '{model}' AND ($4::uuid IS NULL OR video_id = $4)
      AND ($5::uuid IS NULL OR video_id IN (
               SELECT id FROM videos WHERE creator_id = $1 AND course_id = $5))
    ORDER BY embedding::{halfvec} <=> $2::vector::{halfvec} LIMIT 4 * $6
), by_meaning AS (
    SELECT chunk_id, score, row_number() OVER (ORDER BY score DESC, chunk_id) AS place FROM near
), matching AS MATERIALIZED (
    SELECT id AS chunk_id, ts_rank_cd(lexemes, websearch_to_tsquery('english', $3)) AS score FROM chunks
    WHERE creator_id = $1 AND lexemes @@ websearch_to_tsquery('english', $3)
      AND ($4::uuid IS NULL OR video_id = $4)
      AND ($5::uuid IS NULL OR video_id IN (
               SELECT id FROM videos WHERE creator_id = $1 AND course_id = $5))
    ORDER BY score DESC, id LIMIT 4 * $6
), by_words AS (
    SELECT chunk_id, row_number() OVER (ORDER BY score DESC, chunk_id) AS place FROM matching
), fused AS (
    SELECT chunk_id, by_meaning.score AS score, by_words.place AS word_place,
           coalesce(1.0 / ({constant} + by_meaning.place), 0)
           + coalesce(1.0 / ({constant} + by_words.place), 0) AS fused
    FROM by_meaning FULL JOIN by_words USING (chunk_id)
    ORDER BY fused DESC, chunk_id LIMIT $6
)
SELECT chunk.video_id, video.title AS video_title, chunk.id AS chunk_id, chunk.text,
       chunk.start_second, chunk.end_second, fused.word_place,
       coalesce(fused.score, (
           SELECT 1 - (embedding <=> $2::vector) FROM embeddings
           WHERE creator_id = $1 AND chunk_id = chunk.id AND model = '{model}'), 0) AS score,
       CASE WHEN fused.word_place IS NULL THEN chunk.sentences ELSE (
        SELECT jsonb_agg(said || to_jsonb(ts_rank(to_tsvector('english', said ->> 2), replace(
                   websearch_to_tsquery('english', $3)::text, ' & ', ' | ')::tsquery)) ORDER BY number)
        FROM jsonb_array_elements(chunk.sentences) WITH ORDINALITY AS listed (said, number)) END AS sentences
FROM fused
JOIN chunks chunk ON chunk.creator_id = $1 AND chunk.id = fused.chunk_id
JOIN videos video ON video.creator_id = $1 AND video.id = chunk.video_id
ORDER BY fused.fused DESC, chunk.id"""


def _best(model: str) -> str:
    return _BEST.format(model=model, halfvec=f"halfvec({_DIMENSIONS[model]})", constant=FUSION_CONSTANT)


def _hit(row: Record) -> SearchHit:
    """A chunk without stored sentences is one sentence; one whose words were not counted has them without a score."""
    found = dict(row)
    said = found.pop("sentences") or [[row["start_second"], row["end_second"], row["text"]]]
    return SearchHit(**found, sentences=tuple(HitSentence(*sentence) for sentence in said))
