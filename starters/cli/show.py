"""`mentora show`: what was made of a lecture."""

from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from adapters.postgres.quizzes import QuizReader
from adapters.postgres.summaries import VideoSummaries
from schemas.chunks import Chunk
from schemas.quizzes import Quiz
from schemas.transcripts import Transcript
from schemas.videos import Video
from starters.cli.console import HomeOption, JsonOption, say, say_json, settings_for
from starters.cli.options import CreatorOption, VideoArgument
from starters.cli.pages import chunk_lines, partial_note, quiz_lines, sentence_lines
from starters.cli.reach import Reach, named_video, reading
from starters.cli.times import clock
from starters.results import error_of, read_transcript


@dataclass(frozen=True)
class _Choice:
    """The parts that a person wants to see; none named means all."""

    transcript: bool
    chunks: bool
    quiz: bool
    answers: bool


@dataclass(frozen=True)
class _Made:
    """What is stored of a video: what was not asked for is not read."""

    video: Video
    transcript: Transcript | None
    chunks: list[Chunk]
    quiz: Quiz | None


async def show(
    video: VideoArgument,
    *,
    transcript: Annotated[bool, Parameter(negative=(), help="Show the transcript.")] = False,
    chunks: Annotated[bool, Parameter(negative=(), help="Show the chunks that search finds.")] = False,
    quiz: Annotated[bool, Parameter(negative=(), help="Show the quiz.")] = False,
    answers: Annotated[bool, Parameter(negative=(), help="Show the quiz with answers and explanations.")] = False,
    creator: CreatorOption = "me",
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show a lecture's transcript, chunks and quiz, as far as they are made.

    Without options it shows all three. It needs no `mentora up`: where nothing runs, it starts the database for an
    instant.

    Example: `mentora show lecture.mp4 --quiz --answers`, or `mentora show 76ed1d7a --json`.
    """
    named = transcript or chunks or quiz or answers
    choice = _Choice(transcript or not named, chunks or not named, quiz or answers or not named, answers)
    async with reading(settings_for(home)) as reach:
        made = await _read(reach, await named_video(reach, creator, video), choice)
    if json:
        say_json(_document(made, choice))
    else:
        _say(made, choice)


async def _read(reach: Reach, video: Video, choice: _Choice) -> _Made:
    database, creator = reach.database, video.creator_id
    return _Made(
        video,
        await read_transcript(database, creator, video.id) if choice.transcript else None,
        await VideoSummaries(database).chunks(creator, video.id) if choice.chunks else [],
        await QuizReader(database).newest(creator, video.id) if choice.quiz else None,
    )


def _document(made: _Made, choice: _Choice) -> dict[str, Any]:
    """Keys for what was asked for; null where it is not made yet."""
    video, error = made.video, error_of(made.video)
    document: dict[str, Any] = {
        "video_id": video.id,
        "title": video.title,
        "status": video.status,
        "duration_seconds": video.duration_seconds,
        "error": error.model_dump() if error else None,
    }
    if choice.transcript:
        words = {"segments": {"__all__": {"words"}}}
        document["transcript"] = made.transcript.model_dump(mode="json", exclude=words) if made.transcript else None
    if choice.chunks:
        document["chunks"] = [chunk.model_dump(mode="json") for chunk in made.chunks]
    if choice.quiz:
        secret = None if choice.answers else {"questions": {"__all__": {"answer_index", "explanation", "quotation"}}}
        document["quiz"] = made.quiz.model_dump(mode="json", exclude=secret) if made.quiz else None
    return document


def _say(made: _Made, choice: _Choice) -> None:
    video, error = made.video, error_of(made.video)
    long = f", {clock(video.duration_seconds)}" if video.duration_seconds else ""
    say(f"{video.title} ({video.status}{long}, {video.id})")
    if error is not None:
        say(f"{error.message}\n{error.cure}")
    if choice.transcript:
        _say_transcript(made.transcript)
    if choice.chunks:
        say("\nChunks" if made.chunks else "\nNo chunks yet")
        for line in chunk_lines(made.chunks):
            say(line)
    if choice.quiz:
        say("\nQuiz" if made.quiz else "\nNo quiz yet")
        for line in quiz_lines(made.quiz.questions if made.quiz else (), answers=choice.answers):
            say(line)


def _say_transcript(transcript: Transcript | None) -> None:
    say("\nTranscript" if transcript else "\nNo transcript yet")
    if transcript is None:
        return
    if note := partial_note(transcript):
        say(note)
    for line in sentence_lines(transcript.segments):
        say(line)
