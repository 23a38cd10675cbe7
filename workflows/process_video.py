"""From a lecture's bytes to captions, search and a quiz."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    is_cancelled_exception,
)

with workflow.unsafe.imports_passed_through():
    from activities.chunks import ChunkActivities
    from activities.embeddings import EmbeddingActivities
    from activities.media import MediaActivities
    from activities.transcripts import TranscriptActivities
    from activities.videos import FailedStep, VideoActivities
    from schemas.errors import MentoraError, Superseded
    from schemas.ids import generate_quiz_workflow_id, quiz_id
    from schemas.media import AudioPartRef, AudioRef
    from schemas.quizzes import QuizRequest
    from schemas.transcripts import TranscriptRef
    from schemas.videos import VideoRef
    from workflows.generate_quiz import GenerateQuizWorkflow
    from workflows.options import DATABASE, EMBEDDING, MEDIA, PARTS_IN_FLIGHT, TRANSCRIPTION

step = workflow.execute_activity_method


@workflow.defn
class ProcessVideoWorkflow:
    """Make an uploaded lecture captioned, searchable and quizzed."""

    @workflow.run
    async def run(self, video: VideoRef) -> None:
        try:
            await self._process(video)
        except (ActivityError, ChildWorkflowError, asyncio.CancelledError) as error:
            await self._end_badly(video, error)

    async def _process(self, video: VideoRef) -> None:
        await step(VideoActivities.begin_video, video, activity_id="begin", **DATABASE)
        source = await step(MediaActivities.fetch_source, video, activity_id="fetch", **MEDIA)
        audio = await step(MediaActivities.extract_audio, args=[video, source], activity_id="audio", **MEDIA)
        await self._transcribe_parts(audio)
        transcript = await step(TranscriptActivities.complete_transcript, audio, activity_id="transcript", **DATABASE)
        await asyncio.gather(self._make_searchable(transcript), self._make_quiz(transcript))
        await step(VideoActivities.complete_video, audio, activity_id="complete", **DATABASE)

    async def _transcribe_parts(self, audio: AudioRef) -> None:
        slots = asyncio.Semaphore(PARTS_IN_FLIGHT)

        async def transcribe(number: int) -> None:
            async with slots:
                await step(
                    TranscriptActivities.transcribe_part,
                    AudioPartRef(audio=audio, number=number),
                    activity_id=f"transcribe-{number}",
                    summary=f"part {number + 1} of {audio.parts}",
                    **TRANSCRIPTION,
                )

        # What is scheduled at once comes to the workers in any order: of ten parts the first came as the fifth (mean of
        # 24), and the first lines of a transcript waited for parts that are eight times as long.
        await transcribe(0)
        parts = [asyncio.create_task(transcribe(number)) for number in range(1, audio.parts)]
        try:
            await asyncio.gather(*parts)
        finally:
            for part in parts:  # one part beyond help ends the others, which would only spend
                part.cancel()

    async def _make_searchable(self, transcript: TranscriptRef) -> None:
        chunks = await step(ChunkActivities.chunk_transcript, transcript, activity_id="chunks", **DATABASE)
        await step(EmbeddingActivities.embed_chunks, chunks, activity_id="embeddings", **EMBEDDING)

    async def _make_quiz(self, transcript: TranscriptRef) -> None:
        video = transcript.video
        request = QuizRequest(video=video, transcript_id=transcript.transcript_id)
        quiz = quiz_id(request.transcript_id, request.request)
        await workflow.execute_child_workflow(
            GenerateQuizWorkflow.run, request, id=generate_quiz_workflow_id(video.creator_id, quiz, video.epoch)
        )

    async def _end_badly(self, video: VideoRef, error: BaseException) -> None:
        if is_cancelled_exception(error):
            await _whatever_comes(step(VideoActivities.cancel_video, video, activity_id="cancel", **DATABASE))
            raise error
        failed = _failed_step(video, error)
        if failed.code != Superseded.code:  # a newer run, or nobody, owns the row now
            await _whatever_comes(step(VideoActivities.fail_video, failed, activity_id="fail", **DATABASE))
        raise ApplicationError(failed.message, type=failed.code, non_retryable=True) from error


async def _whatever_comes(last: Coroutine[Any, Any, None]) -> None:
    """How a story ended must be written, also when somebody cancels it meanwhile."""
    writing = asyncio.create_task(last)
    while not writing.done():
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            continue


def _failed_step(video: VideoRef, error: BaseException) -> FailedStep:
    """Name the step and the fact under Temporal's wrappings of it."""
    name, cause = "workflow", error
    while isinstance(cause, FailureError) and cause.cause is not None:
        if isinstance(cause, ActivityError):
            name = cause.activity_type
        cause = cause.cause
    code = cause.type if isinstance(cause, ApplicationError) and cause.type else MentoraError.code
    message = cause.message if isinstance(cause, FailureError) else str(cause)
    attempts = cause.details[0] if isinstance(cause, ApplicationError) and cause.details else 1
    return FailedStep(video=video, step=name, code=code, message=message, attempts=attempts)
