"""The step that makes a quiz."""

import asyncio

from temporalio import activity

from activities.heartbeats import heartbeating
from activities.keeping import kept
from activities.ports import (
    QuizGenerator,
    QuizRepository,
    ReadCache,
    TranscriptRepository,
    UsageLedger,
    VideoRepository,
)
from activities.quiz_checks import Report, check_drafts
from schemas import ids
from schemas.errors import ProviderAnswerInvalid
from schemas.quizzes import Drafts, QuizRef, QuizRequest
from schemas.transcripts import Segment
from schemas.usage import CallTicket, Operation
from schemas.videos import Stage

PIPELINE = "pipeline"  # the request that belongs to a video's own way, and so to its stages
LOCAL = "local"  # the provider that answers the same every time: asking it again is of no use


class QuizActivities:
    """Makes quizzes out of transcripts."""

    def __init__(
        self,
        transcripts: TranscriptRepository,
        quizzes: QuizRepository,
        videos: VideoRepository,
        ledger: UsageLedger,
        generator: QuizGenerator,
        reads: ReadCache,
    ) -> None:
        self._transcripts = transcripts
        self._quizzes = quizzes
        self._videos = videos
        self._ledger = ledger
        self._generator = generator
        self._reads = reads

    @activity.defn
    async def generate_quiz(self, request: QuizRequest) -> QuizRef:
        """Store up to the requested number of questions, each resting on words of the transcript.

        Idempotent: keyed by transcript and the request's name; a repeat returns the stored quiz, uncalled.
        Raises: RateLimited, ProviderUnavailable, ProviderAnswerInvalid, StoreUnavailable (transient);
        ProviderRefused, ProviderDeclined, Superseded (permanent).
        """
        async with heartbeating():
            quiz = await self._find_or_make(request)
            await self._reads.invalidate_tag(request.video.creator_id, ids.video_tag(request.video.video_id))
            return quiz

    async def _find_or_make(self, request: QuizRequest) -> QuizRef:
        is_stage = request.request == PIPELINE
        if is_stage:
            await self._videos.start_stage(request.video, Stage.QUIZ, request.questions, "questions")
        quiz = await self._quizzes.find(request) or await self._make(request)
        if is_stage:
            await self._videos.finish_stage(request.video, Stage.QUIZ, quiz.questions, "questions")
        return quiz

    async def _make(self, request: QuizRequest) -> QuizRef:
        title = (await self._videos.source(request.video)).title
        segments = await self._transcripts.segments(request.video, request.transcript_id)
        ticket, drafts = await self._propose(request, title, segments)
        report = await self._check(request, drafts, segments)
        generator = self._generator
        return await kept(
            lambda: self._quizzes.save(
                request, generator.provider, generator.model, report.questions, ticket, drafts.usage
            )
        )

    async def _propose(self, request: QuizRequest, title: str, segments: list[Segment]) -> tuple[CallTicket, Drafts]:
        generator = self._generator
        ask = ids.ask("quiz", ids.quiz_id(request.transcript_id, request.request))
        ticket = await self._ledger.reserve(request.video, ask, Operation.QUIZ, generator.provider, generator.model)
        return ticket, await generator.propose(title, segments, request.questions)

    async def _check(self, request: QuizRequest, drafts: Drafts, segments: list[Segment]) -> Report:
        quiz_id = ids.quiz_id(request.transcript_id, request.request)
        # 0.5 s of computing for four hours of speech (measured): in a thread, or heartbeats of others would wait.
        report = await asyncio.to_thread(check_drafts, drafts.questions, segments, quiz_id, request.questions)
        if report.rejections:
            # A count only: drafts are a model's words about a creator's lecture, and logs are read by others.
            activity.logger.info("Refused %d of %d drafts", len(report.rejections), len(drafts.questions))
        if drafts.questions and not report.questions and self._generator.provider != LOCAL:
            reasons = ", ".join(sorted({rejection.reason for rejection in report.rejections}))
            raise ProviderAnswerInvalid(f"none of {len(drafts.questions)} drafted questions is sound: {reasons}")
        return report
