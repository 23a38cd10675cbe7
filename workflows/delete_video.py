"""What a deleted video leaves outside the database."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.deletions import DeletionActivities
    from schemas.orders import VideoDeletion
    from workflows.options import DATABASE


@workflow.defn
class DeleteVideoWorkflow:
    """Remove a deleted video's bytes; its rows went with the request, and its story was cancelled before this began."""

    @workflow.run
    async def run(self, deletion: VideoDeletion) -> None:
        await workflow.execute_activity_method(
            DeletionActivities.remove_objects, deletion, activity_id="objects", **DATABASE
        )
