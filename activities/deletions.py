"""The step that removes what a deleted video has in the object store."""

from temporalio import activity

from activities.ports import ArtefactRepository, ObjectStore
from schemas.orders import VideoDeletion
from schemas.uploads import pieces_prefix


class DeletionActivities:
    """Removes bytes that nobody has a row for any more."""

    def __init__(self, artefacts: ArtefactRepository, store: ObjectStore) -> None:
        self._artefacts = artefacts
        self._store = store

    @activity.defn
    async def remove_objects(self, deletion: VideoDeletion) -> None:
        """Remove the video's source and audio from the object store, save what another video of the creator has too.

        With them go the pieces of its upload: the gateway may have died, or the store been away, when they were due.

        Idempotent: what is gone stays gone.
        Raises: StoreUnavailable (transient).
        """
        # A key is content: the same file may have been submitted as two videos. And who sends an event chooses its key.
        creator = deletion.video.creator_id
        own = [key for key in deletion.object_keys if key.startswith(f"{creator}/")]
        for key in await self._artefacts.unused(creator, own):
            await self._store.remove(key)
        for upload in deletion.upload_ids:
            await self._store.remove_below(pieces_prefix(creator, upload))
