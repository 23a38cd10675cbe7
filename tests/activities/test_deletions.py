"""A deleted video's bytes go, unless another video of the creator has them."""

from pathlib import Path
from uuid import uuid4

import pytest

from activities.deletions import DeletionActivities
from adapters.object_store import LocalObjectStore, S3ObjectStore
from schemas.ids import object_key, text_sha256
from schemas.orders import VideoDeletion
from schemas.uploads import pieces_prefix, upload_key
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


@pytest.mark.parametrize("kind", ["folder", "s3"])
async def test_a_video_whose_key_names_a_folder_takes_no_other_files_with_it(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """Whoever sends an event chooses its key."""
    if kind == "folder":
        store: LocalObjectStore | S3ObjectStore = LocalObjectStore(tmp_path)
    else:
        endpoint = request.getfixturevalue("endpoint")
        store = S3ObjectStore("lectures", tmp_path.name, endpoint, "us-east-1", "key", "secret")
    creator, upload = VIDEO.creator_id, uuid4()
    kept = (
        upload_key(creator, upload, "a.mp4"),
        f"{pieces_prefix(creator, upload)}/0-piece",
        object_key(creator, text_sha256("source"), ".source"),
    )
    for key in kept:
        await store.write(key, b"bytes")
    named = tuple({f"{creator}/{key.split('/')[1]}" for key in kept} | {key.rpartition("/")[0] for key in kept})
    deletion = VideoDeletion(video=VIDEO, workflow_id="w", object_keys=named)
    await run_activity(DeletionActivities(FakeArtefactRepository(), store).remove_objects, deletion)
    assert [await store.size(key) for key in kept] == [5, 5, 5]
