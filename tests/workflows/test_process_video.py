"""The story of a video, on a real Temporal server; the steps are the tests' own and say when they were taken."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.worker import Worker

from activities.videos import FailedStep
from adapters.temporal.attempts import AttemptsInterceptor
from schemas.chunks import ChunksRef, EmbeddingsRef
from schemas.errors import MentoraError, NoAudioTrack, ProviderDeclined, SpeechNotFound, Superseded
from schemas.ids import generate_quiz_workflow_id, process_video_workflow_id, quiz_id, transcript_id
from schemas.media import AudioPartRef, AudioRef, SourceRef
from schemas.quizzes import QuizRef, QuizRequest
from schemas.task_queues import TaskQueue
from schemas.transcripts import PartTranscriptRef, TranscriptRef
from schemas.videos import VideoRef
from tests.conftest import Servers
from workflows.options import PARTS_IN_FLIGHT
from workflows.process_video import ProcessVideoWorkflow
from workflows.registry import WORKFLOWS

pytestmark = pytest.mark.servers


class Steps:
    """Every step of the story, by its true name: takes a note, waits where told, fails where told."""

    def __init__(self, parts: int = 3, failing: dict[str, MentoraError] | None = None) -> None:
        self.parts = parts
        self.failing = failing or {}
        self.taken: list[str] = []
        self.failed: FailedStep | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.in_flight = 0
        self.most_in_flight = 0

    async def _take(self, name: str) -> None:
        self.taken.append(name)
        if name in self.failing:
            raise self.failing[name]
        await self.gate.wait()

    def parts_taken(self) -> list[int]:
        """The numbers of the parts, in the order in which they came."""
        return [int(name.split()[1]) for name in self.taken if name.startswith("transcribe_part")]

    @activity.defn
    async def begin_video(self, video: VideoRef) -> None:
        await self._take("begin_video")

    @activity.defn
    async def fetch_source(self, video: VideoRef) -> SourceRef:
        await self._take("fetch_source")
        return SourceRef(object_key="k", sha256="0" * 64, bytes=1)

    @activity.defn
    async def extract_audio(self, video: VideoRef, source: SourceRef) -> AudioRef:
        await self._take("extract_audio")
        transcript = transcript_id(video.video_id, "0", "m")
        return AudioRef(
            video=video, transcript_id=transcript, object_key="k", sha256="0", duration_seconds=9.0, parts=self.parts
        )

    @activity.defn
    async def transcribe_part(self, part: AudioPartRef) -> PartTranscriptRef:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self._take(f"transcribe_part {part.number}")
        finally:
            self.in_flight -= 1
        return PartTranscriptRef(transcript_id=part.audio.transcript_id, number=part.number, segments=1, words=1)

    @activity.defn
    async def complete_transcript(self, audio: AudioRef) -> TranscriptRef:
        await self._take("complete_transcript")
        return TranscriptRef(video=audio.video, transcript_id=audio.transcript_id, language="en", segments=1, words=1)

    @activity.defn
    async def chunk_transcript(self, transcript: TranscriptRef) -> ChunksRef:
        await self._take("chunk_transcript")
        return ChunksRef(video=transcript.video, transcript_id=transcript.transcript_id, count=1)

    @activity.defn
    async def embed_chunks(self, chunks: ChunksRef) -> EmbeddingsRef:
        await self._take("embed_chunks")
        return EmbeddingsRef(transcript_id=chunks.transcript_id, model="m", count=1)

    @activity.defn
    async def generate_quiz(self, request: QuizRequest) -> QuizRef:
        await self._take("generate_quiz")
        return QuizRef(quiz_id=quiz_id(request.transcript_id, request.request), questions=5)

    @activity.defn
    async def complete_video(self, audio: AudioRef) -> None:
        await self._take("complete_video")

    @activity.defn
    async def fail_video(self, failed: FailedStep) -> None:
        self.taken.append("fail_video")
        await self.gate.wait()
        self.failed = failed

    @activity.defn
    async def cancel_video(self, video: VideoRef) -> None:
        self.taken.append("cancel_video")

    def of(self, queue: TaskQueue) -> Sequence[Callable[..., Any]]:
        steps: dict[TaskQueue, list[Callable[..., Any]]] = {
            TaskQueue.MEDIA: [self.fetch_source, self.extract_audio],
            TaskQueue.TRANSCRIPTION: [self.transcribe_part],
            TaskQueue.EMBEDDING: [self.embed_chunks],
            TaskQueue.QUIZ: [self.generate_quiz],
            TaskQueue.DATABASE: [
                self.begin_video,
                self.complete_transcript,
                self.chunk_transcript,
                self.complete_video,
                self.fail_video,
                self.cancel_video,
            ],
        }
        return steps.get(queue, [])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(servers: Servers) -> Client:
    return await Client.connect(servers.temporal_address, data_converter=pydantic_data_converter)


@asynccontextmanager
async def _pools(client: Client, steps: Steps) -> AsyncIterator[None]:
    workers = [Worker(client, task_queue=TaskQueue.WORKFLOWS, workflows=WORKFLOWS, no_remote_activities=True)]
    for queue in TaskQueue:
        if taken := steps.of(queue):
            workers.append(Worker(client, task_queue=queue, activities=taken, interceptors=[AttemptsInterceptor()]))
    running = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        await asyncio.gather(*(worker.shutdown() for worker in workers))
        await asyncio.gather(*running)


async def _start(client: Client) -> WorkflowHandle[ProcessVideoWorkflow, None]:
    video = VideoRef(creator_id=uuid4(), video_id=uuid4())
    name = process_video_workflow_id(video.creator_id, video.video_id)
    return await client.start_workflow(ProcessVideoWorkflow.run, video, id=name, task_queue=TaskQueue.WORKFLOWS)


async def _failure(client: Client, steps: Steps) -> ApplicationError:
    async with _pools(client, steps):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await _start(client)).result()
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause


async def test_the_steps_are_taken_in_their_order(client: Client) -> None:
    steps = Steps(parts=1)
    async with _pools(client, steps):
        await (await _start(client)).result()
    before, together, after = steps.taken[:5], steps.taken[5:8], steps.taken[8:]
    assert before == ["begin_video", "fetch_source", "extract_audio", "transcribe_part 0", "complete_transcript"]
    assert set(together) == {"chunk_transcript", "embed_chunks", "generate_quiz"}
    assert after == ["complete_video"]


async def test_ten_parts_are_in_flight_at_once_and_no_more(client: Client) -> None:
    steps = Steps(parts=25)
    async with _pools(client, steps):
        story = await _start(client)
        while "transcribe_part 0" not in steps.taken:
            await asyncio.sleep(0.01)
        steps.gate.clear()
        await asyncio.sleep(1)
        steps.gate.set()
        await story.result()
    assert steps.most_in_flight == PARTS_IN_FLIGHT
    assert len(steps.parts_taken()) == 25


async def test_no_part_comes_to_a_worker_before_the_first_lines_are_there(client: Client) -> None:
    steps = Steps(parts=12)
    async with _pools(client, steps):
        story = await _start(client)
        while "extract_audio" not in steps.taken:
            await asyncio.sleep(0.01)
        steps.gate.clear()
        await asyncio.sleep(1)
        before = steps.parts_taken()
        steps.gate.set()
        await story.result()
    assert before == [0]
    assert sorted(steps.parts_taken()) == list(range(12))


async def test_an_input_that_cannot_be_helped_fails_the_video_by_name(client: Client) -> None:
    steps = Steps(failing={"extract_audio": NoAudioTrack("the file has pictures only")})
    failure = await _failure(client, steps)
    assert (failure.type, failure.message) == ("no_audio_track", "the file has pictures only")
    assert steps.failed is not None
    assert (steps.failed.step, steps.failed.code, steps.failed.attempts) == ("extract_audio", "no_audio_track", 1)
    assert "transcribe_part 0" not in steps.taken


async def test_a_quiz_that_fails_is_named_through_its_own_story(client: Client) -> None:
    steps = Steps(failing={"generate_quiz": ProviderDeclined("the model declined")})
    assert (await _failure(client, steps)).type == "provider_declined"
    assert steps.failed is not None
    assert steps.failed.step == "generate_quiz"
    assert "complete_video" not in steps.taken


async def test_silence_fails_the_video_before_anything_is_made_of_it(client: Client) -> None:
    steps = Steps(failing={"complete_transcript": SpeechNotFound("there is no speech")})
    assert (await _failure(client, steps)).type == "speech_not_found"
    assert "chunk_transcript" not in steps.taken


async def test_a_story_whose_epoch_is_over_ends_without_a_word(client: Client) -> None:
    steps = Steps(failing={"fetch_source": Superseded("epoch 1 is over")})
    assert (await _failure(client, steps)).type == "superseded"
    assert steps.failed is None


async def test_a_cancelled_story_marks_its_video_and_is_cancelled(client: Client) -> None:
    steps = Steps()
    async with _pools(client, steps):
        steps.gate.clear()
        story = await _start(client)
        while not steps.taken:
            await asyncio.sleep(0.01)
        await story.cancel()
        steps.gate.set()
        with pytest.raises(WorkflowFailureError) as failed:
            await story.result()
    assert isinstance(failed.value.cause, CancelledError)
    assert steps.taken[-1] == "cancel_video"
    assert steps.failed is None


async def test_a_failure_is_written_also_when_it_is_cancelled_meanwhile(client: Client) -> None:
    steps = Steps(failing={"extract_audio": NoAudioTrack("the file has pictures only")})
    async with _pools(client, steps):
        story = await _start(client)
        while "extract_audio" not in steps.taken:
            await asyncio.sleep(0.01)
        steps.gate.clear()
        while "fail_video" not in steps.taken:
            await asyncio.sleep(0.01)
        await story.cancel()
        await asyncio.sleep(0.5)
        steps.gate.set()
        with pytest.raises(WorkflowFailureError):
            await story.result()
    assert steps.failed is not None


async def test_the_quiz_is_a_story_of_its_own(client: Client) -> None:
    steps = Steps(parts=1)
    async with _pools(client, steps):
        story = await _start(client)
        await story.result()
    video = VideoRef.model_validate(dict(zip(("creator_id", "video_id"), story.id.split("/")[1:], strict=True)))
    quiz = quiz_id(transcript_id(video.video_id, "0", "m"), "pipeline")
    child = client.get_workflow_handle(generate_quiz_workflow_id(video.creator_id, quiz), result_type=QuizRef)
    assert await child.result() == QuizRef(quiz_id=quiz, questions=5)
