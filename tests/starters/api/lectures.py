"""Lectures on their way and at its end, and students who may see them."""

from uuid import UUID

from adapters.postgres.quizzes import PostgresQuizzes
from adapters.postgres.transcripts import PostgresTranscripts
from adapters.postgres.usage import PostgresUsage
from adapters.postgres.videos import PostgresVideos
from schemas.ids import ask, question_id, quiz_id
from schemas.media import AudioRef
from schemas.quizzes import Question, QuestionKind, QuizRef, QuizRequest
from schemas.usage import Operation, Usage
from schemas.videos import VideoRef
from tests.databases import FreshDatabase, laid_out_audio, queued_video, quizzed, transcribed

SECONDS = 60.0


async def processing(database: FreshDatabase, creator: UUID, parts: list[int], key: str = "lecture") -> AudioRef:
    """A lecture of two parts of which these are transcribed."""
    audio = await laid_out_audio(database.app, await queued_video(database.app, creator, key))
    await transcribed(database.app, audio, parts)
    return audio


async def completed(
    database: FreshDatabase, creator: UUID, key: str = "lecture", published: bool = True
) -> tuple[AudioRef, QuizRef]:
    """A lecture of 60 seconds, transcribed and quizzed."""
    audio = await processing(database, creator, [0, 1], key)
    await PostgresTranscripts(database.app).complete(audio)
    quiz = await quizzed(database.app, audio)
    await PostgresVideos(database.app).complete(audio.video, SECONDS)
    if published:
        await publish(database, audio.video)
    return audio, quiz


async def asked(database: FreshDatabase, audio: AudioRef, questions: int) -> UUID:
    """A quiz of its own; of question n the right option is n modulo 4."""
    request = f"of-{questions}"
    asking = QuizRequest(video=audio.video, transcript_id=audio.transcript_id, request=request)
    ticket = await PostgresUsage(database.app).reserve(
        audio.video, ask("quiz", audio.transcript_id, request), Operation.QUIZ, "local", "extractive"
    )
    stems = [f"What is number {n}?" for n in range(questions)]
    made = [
        Question(
            id=question_id(quiz_id(audio.transcript_id, request), stem),
            position=n,
            kind=QuestionKind.CLOZE,
            stem=stem,
            options=("one", "two", "three", "four"),
            answer_index=n % 4,
            explanation=f"Reason {n}.",
            quotation=f"words {n}",
            start_second=n,
            end_second=n + 1,
        )
        for n, stem in enumerate(stems)
    ]
    return (await PostgresQuizzes(database.app).save(asking, "local", "extractive", made, ticket, Usage())).quiz_id


async def publish(database: FreshDatabase, video: VideoRef, published: bool = True) -> None:
    await database.scalar("UPDATE videos SET published = $2 WHERE id = $1", video.video_id, published)
