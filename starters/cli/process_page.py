"""How `mentora process` ends: what was made, for a person, and what to type next."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from schemas.quizzes import Question
from schemas.transcripts import Transcript
from schemas.videos import VideoStatus
from starters.cli.pages import partial_note, quiz_lines, sentence_lines, stages_line
from starters.cli.times import lasting
from starters.results import ErrorResult, VideoResult

_LINES = 5
_SHORT_ID = 8


@dataclass(frozen=True)
class Outcome:
    """What became of one argument: a result, which may be a failure, or why there is not even a video."""

    source: str
    result: VideoResult | None = None
    transcript: Transcript | None = None
    captions: Path | None = None
    error: ErrorResult | None = None
    is_repeat: bool = False

    def document(self) -> dict[str, object]:
        """For a program."""
        if self.result is None:
            error = self.error.model_dump() if self.error else None
            return {"source": self.source, "video_id": None, "status": "refused", "error": error}
        captions = str(self.captions) if self.captions else None
        return {"source": self.source} | self.result.model_dump(mode="json") | {"captions": captions}


def options_of(home: Path, creator: str) -> str:
    """What the next command must be told to look at the same home and creator."""
    options = "" if home == Path(".mentora").absolute() else f" --home {shlex.quote(str(home))}"
    return options if creator == "me" else f"{options} --creator {shlex.quote(creator)}"


def result_lines(outcome: Outcome, options: str, *, is_own: bool) -> Iterator[str]:
    """The page. `is_own`: the servers end with this command."""
    result = outcome.result
    assert result is not None, "a refused argument has no page"
    if result.status is not VideoStatus.COMPLETED:
        return
    yield _headline(result, is_repeat=outcome.is_repeat)
    yield from _transcript_lines(outcome.transcript, result)
    yield from _quiz_lines(result)
    yield ""
    yield f"Captions     {outcome.captions}"
    yield f"Chunks       {result.chunks}, embedded by {result.embedding_model}"
    yield f"Stages       {stages_line(result.stages)}"
    if result.temporal_ui:
        yield f"Temporal UI  {result.temporal_ui}{'  (while `mentora up` runs)' if is_own else ''}"
    yield from _next_lines(result.video_id, options)


def _headline(result: VideoResult, *, is_repeat: bool) -> str:
    took = lasting(result.elapsed_seconds or 0)
    long = lasting(result.duration_seconds or 0)
    if is_repeat:
        return f"{result.title}: {long} of lecture, processed before, in {took}. This is what was made."
    return f"{result.title}: {long} of lecture in {took}."


def _transcript_lines(transcript: Transcript | None, result: VideoResult) -> Iterator[str]:
    if transcript is None or result.transcript is None:
        return
    yield ""
    size = f"{result.transcript.words} words, language {result.transcript.language}, by {result.transcript.model}"
    yield f"Transcript ({size})"
    if note := partial_note(transcript):
        yield note
    lines = list(sentence_lines(transcript.segments))
    yield from lines[:_LINES]
    if len(lines) > _LINES:
        yield f"          … and {len(lines) - _LINES} sentences more"


def _quiz_lines(result: VideoResult) -> Iterator[str]:
    """As a student sees it."""
    if result.quiz is None:
        return
    questions: tuple[Question, ...] = result.quiz.questions
    yield ""
    yield f"Quiz ({len(questions)} questions)"
    yield from quiz_lines(questions, answers=False)


def _next_lines(video_id: UUID, options: str) -> Iterator[str]:
    short = str(video_id)[:_SHORT_ID]
    yield ""
    yield f"All of it:       mentora show {short} --answers{options}"
    yield f'Find a moment:   mentora search "what you look for"{options}'
    yield f"Other captions:  mentora captions {short} --format srt{options}"
