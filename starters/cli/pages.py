"""What was made of a lecture, in lines for a person."""

from collections.abc import Iterable, Iterator, Sequence

from activities.sentences import sentences_of
from adapters.sentences import NupunktSentences
from schemas.chunks import Chunk
from schemas.quizzes import Question
from schemas.transcripts import Segment, Transcript
from schemas.videos import Stage
from starters.cli.times import clock, lasting
from starters.results import StageResult

_LETTERS = "abcdefgh"


def timed_line(second: float, text: str) -> str:
    """A line that begins with its place in the lecture."""
    return f"{clock(second):>8}  {text}"


def sentence_lines(segments: Sequence[Segment]) -> Iterator[str]:
    """Every sentence behind the time at which it begins."""
    for sentence in sentences_of(segments, NupunktSentences()):
        yield timed_line(sentence.start_second, sentence.text)


def partial_note(transcript: Transcript) -> str:
    """One line that says what is missing; empty where nothing is."""
    if transcript.is_complete:
        return ""
    return f"Partial: {transcript.parts_done} of {transcript.parts_total} parts are transcribed so far."


def chunk_lines(chunks: Iterable[Chunk]) -> Iterator[str]:
    """Every chunk behind the time at which it begins."""
    for chunk in chunks:
        yield timed_line(chunk.start_second, chunk.text)


def quiz_lines(questions: Sequence[Question], *, answers: bool) -> Iterator[str]:
    """The questions as a student meets them, or with what only their teacher should see."""
    for number, question in enumerate(questions, start=1):
        yield f"{number:>3}. {question.stem}"
        yield from (f"     {letter}) {option}" for letter, option in zip(_LETTERS, question.options, strict=False))
        if answers:
            right = question.options[question.answer_index]
            yield f"     Answer: {_LETTERS[question.answer_index]}) {right}. {question.explanation}"
            yield f"     At {clock(question.start_second)}: “{question.quotation}”"


def stages_line(stages: dict[Stage, StageResult]) -> str:
    """What each stage took."""
    took = [f"{name} {lasting(stage.seconds)}" for name, stage in stages.items() if stage.seconds is not None]
    return " · ".join(took)
