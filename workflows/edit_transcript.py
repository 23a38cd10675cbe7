"""What follows from an edit of a transcript."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.transcript_edits import TranscriptEditActivities
    from schemas.transcripts import TranscriptEdit
    from workflows.options import EMBEDDING


@workflow.defn
class EditTranscriptWorkflow:
    """Make search find what a transcript says since it was edited; until then it finds what it said before."""

    @workflow.run
    async def run(self, edit: TranscriptEdit) -> None:
        await workflow.execute_activity_method(
            TranscriptEditActivities.refresh_chunks, edit, activity_id="refresh", **EMBEDDING
        )
