"""Search: the chunks nearest in meaning, among those that the caller may see."""

from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.pool import Database
from schemas.chunks import SearchHit
from schemas.errors import SettingsInvalid

# One literal a model: only then does the planner see that the model's partial index applies. Names and dimensions are
# those of the migrations' indexes.
_DIMENSIONS = {"all-MiniLM-L6-v2": 384, "text-embedding-3-small": 1536}

# The index is filtered by creator after the scan, so a plain scan returns too few rows to a small creator among many
# (1 of 10, measured); iterative scans go on until enough are found. A scan ends at so many rows, or
# at work_mem times the multiplier (4 MB times 1 by default: too little for 50,000 neighbours, measured).
_SCAN = """SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true),
                  set_config('hnsw.max_scan_tuples', '200000', true),
                  set_config('hnsw.scan_mem_multiplier', '50', true),
                  set_config('plan_cache_mode', 'force_custom_plan', true)"""


class ChunkSearch:
    """Finds chunks by meaning."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def nearest(self, creator: UUID, model: str, vector: Sequence[float], limit: int = 10) -> list[SearchHit]:
        """The `limit` chunks whose vectors by `model` point most nearly the way of `vector`, nearest first.

        Raises: SettingsInvalid where the model has no index.
        """
        if model not in _DIMENSIONS:
            raise SettingsInvalid(f"there is no search index for the embedding model {model!r}")
        async with self._database.as_creator(creator) as connection:
            await connection.execute(_SCAN)
            rows = await connection.fetch(_nearest(model), creator, list(vector), limit)
        return [SearchHit(**row) for row in rows]


def _nearest(model: str) -> str:
    halfvec = f"halfvec({_DIMENSIONS[model]})"
    # The inner query is the one the index answers, about right and in relaxed order; it is asked for four times as many
    # as are wanted, and the outer one puts them right with full precision (10 of 10, where asking for 10 gave 9).
    return f"""WITH near AS MATERIALIZED (
                   SELECT chunk_id, 1 - (embedding <=> $2::vector) AS score FROM embeddings
                   WHERE creator_id = $1 AND model = '{model}'
                   ORDER BY embedding::{halfvec} <=> $2::vector::{halfvec} LIMIT 4 * $3
               )
               SELECT chunk.video_id, video.title AS video_title, chunk.id AS chunk_id, chunk.text,
                      chunk.start_second, chunk.end_second, near.score
               FROM near
               JOIN chunks chunk ON chunk.creator_id = $1 AND chunk.id = near.chunk_id
               JOIN videos video ON video.creator_id = $1 AND video.id = chunk.video_id
               ORDER BY near.score DESC, chunk.id LIMIT $3"""  # noqa: S608 - model and dimensions are constants of this file
