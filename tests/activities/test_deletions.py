"""A deleted video's bytes go, unless another video of the creator has them."""

from uuid import uuid4

from activities.deletions import DeletionActivities
from schemas.orders import VideoDeletion
from schemas.videos import VideoRef
from tests.fakes import FakeObjectStore, run_activity
from tests.fakes_media import FakeArtefactRepository

VIDEO = VideoRef(creator_id=uuid4(), video_id=uuid4(), epoch=2)
SOURCE, AUDIO, SHARED = (f"{VIDEO.creator_id}/{name}" for name in ("source", "audio", "shared"))
OTHERS = f"{uuid4()}/source"


async def test_own_bytes_go_and_twice_is_once() -> None:
    artefacts, store = FakeArtefactRepository(), FakeObjectStore(dict.fromkeys((SOURCE, AUDIO, SHARED, OTHERS), b"x"))
    artefacts.in_use.add(SHARED)
    deletion = VideoDeletion(video=VIDEO, workflow_id="w", object_keys=(SOURCE, AUDIO, SHARED, OTHERS))
    for _ in range(2):
        await run_activity(DeletionActivities(artefacts, store).remove_objects, deletion)
        assert set(store.contents) == {SHARED, OTHERS}
