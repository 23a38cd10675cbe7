"""A quiz about one transcript: a part of a video's way, or asked for on its own."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.quizzes import QuizActivities
    from schemas.quizzes import QuizRef, QuizRequest
    from workflows.options import QUIZ


@workflow.defn
class GenerateQuizWorkflow:
    """Make a quiz whose every question rests on words that were spoken."""

    @workflow.run
    async def run(self, request: QuizRequest) -> QuizRef:
        return await workflow.execute_activity_method(QuizActivities.generate_quiz, request, activity_id="quiz", **QUIZ)
