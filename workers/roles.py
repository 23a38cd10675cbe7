"""The table of roles: which queue a process polls, with what, and how much at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from activities.media import sweep_spool
from schemas.worker_roles import WorkerRole
from workers.wiring import Wiring

Step = Callable[..., Any]

SPOOL_SECONDS = 86_400.0  # what nobody wrote to for longer than a step may take was left behind by a killed worker


@dataclass(frozen=True)
class Pool:
    """One role's worker. `slots` is how many steps a process runs at once; growth is by more processes."""

    slots: int
    steps: Callable[[Wiring], Sequence[Step]]
    warm_up: Callable[[Wiring], object] = field(default=lambda _: None)
    tells_stories: bool = False
    niceness: int = 19  # of loading ahead: what is needed last must not delay the first lines of a transcript


def _media(wiring: Wiring) -> Sequence[Step]:
    media = wiring.media
    return [media.fetch_source, media.extract_audio]


def _transcription(wiring: Wiring) -> Sequence[Step]:
    return [wiring.transcripts.transcribe_part]


def _embedding(wiring: Wiring) -> Sequence[Step]:
    return [wiring.embeddings.embed_chunks, wiring.transcript_edits.refresh_chunks]


def _quiz(wiring: Wiring) -> Sequence[Step]:
    return [wiring.quizzes.generate_quiz]


def _database(wiring: Wiring) -> Sequence[Step]:
    videos = wiring.videos
    return [
        videos.begin_video,
        videos.complete_video,
        videos.fail_video,
        videos.cancel_video,
        wiring.transcripts.complete_transcript,
        wiring.chunks.chunk_transcript,
        wiring.deletions.remove_objects,
    ]


def _load(model: object) -> object:
    """Local models have a `warm_up`; a provider's have nothing to load."""
    warm_up = getattr(model, "warm_up", None)
    return warm_up() if warm_up is not None else None


POOLS: dict[WorkerRole, Pool] = {
    WorkerRole.WORKFLOWS: Pool(slots=0, steps=lambda _: [], tells_stories=True),
    WorkerRole.MEDIA: Pool(slots=2, steps=_media, warm_up=lambda w: sweep_spool(w.spool, SPOOL_SECONDS)),
    # One slot and one thread: for this model a second thread is slower than none, and two processes are twice as fast
    # as one (measured: 8.8 s against 11.4 s for 323 s of speech). No pool inside, so that a kill leaves no orphan.
    WorkerRole.TRANSCRIPTION: Pool(slots=1, steps=_transcription, warm_up=lambda w: _load(w.transcriber), niceness=0),
    WorkerRole.EMBEDDING: Pool(slots=1, steps=_embedding, warm_up=lambda w: _load(w.embedder)),
    WorkerRole.QUIZ: Pool(slots=1, steps=_quiz, warm_up=lambda w: _load(w.quiz_generator)),
    WorkerRole.DATABASE: Pool(slots=20, steps=_database),
}
