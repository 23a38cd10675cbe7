"""Quizzes that a creator asks for beside the pipeline's own."""

from adapters.postgres.outbox import add_order
from adapters.postgres.pool import Connection
from adapters.postgres.transcript_edits import newest_transcript
from adapters.postgres.video_changes import completed_video
from schemas.events import EventAnswer, QuizRequested
from schemas.ids import generate_quiz_workflow_id, quiz_id, text_sha256
from schemas.orders import OrderKind
from schemas.quizzes import QuizRequest


async def request_quiz(connection: Connection, event: QuizRequested, key: str, request_id: str) -> EventAnswer:
    """Order a new quiz; the answer names it before it is there.

    Idempotent: the event's key names the request, and so the quiz. Raises: VideoNotFound; StatusForbids.
    """
    video = await completed_video(connection, event.creator, event.video_id)
    transcript = await newest_transcript(connection, event.creator, event.video_id)
    name = f"event/{text_sha256(key)}"  # never `pipeline`
    request = QuizRequest(video=video, transcript_id=transcript, questions=event.questions, request=name)
    quiz = quiz_id(transcript, name)
    story = generate_quiz_workflow_id(event.creator, quiz, video.epoch)
    await add_order(connection, OrderKind.GENERATE_QUIZ, video, story, request, request_id)
    return EventAnswer(event=event.type, video_id=event.video_id, workflow_id=story, quiz_id=quiz)
