"""The same names give the same ids for ever; different ones, different ids."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from schemas import ids

CREATOR = UUID(int=7)


def test_ids_are_the_same_in_every_version_of_this_program() -> None:
    assert ids.creator_id("me") == UUID("9d2e5209-a623-5e04-bc5b-37e1cc3cc759")
    video = ids.video_id(CREATOR, "key")
    assert video == UUID("c8dd7124-cff2-59d6-823e-775d5c21615b")
    assert ids.transcript_id(video, "ab", "whisper") == UUID("155f61a4-3e04-5668-9a73-d38f64280878")
    assert ids.process_video_workflow_id(CREATOR, video) == f"process-video/{CREATOR}/{video}"
    assert ids.process_video_workflow_id(CREATOR, video, 2) == f"process-video/{CREATOR}/{video}/2"


@given(st.text(), st.text())
def test_two_keys_are_two_videos_and_two_creators_are_two(one: str, other: str) -> None:
    assert (ids.video_id(CREATOR, one) == ids.video_id(CREATOR, other)) == (one == other)
    assert ids.video_id(CREATOR, one) != ids.video_id(UUID(int=8), one)


@given(st.text(min_size=1), st.integers(0, 1000))
def test_an_edited_chunk_is_another_chunk(text: str, position: int) -> None:
    transcript = uuid4()
    assert ids.chunk_id(transcript, position, text) == ids.chunk_id(transcript, position, text)
    assert ids.chunk_id(transcript, position, text) != ids.chunk_id(transcript, position, text + "!")
    assert ids.chunk_id(transcript, position, text) != ids.chunk_id(transcript, position + 1, text)


def test_the_same_bytes_of_two_creators_lie_under_two_keys() -> None:
    sha256 = ids.text_sha256("bytes")
    assert ids.object_key(CREATOR, sha256, ".mp4") == f"{CREATOR}/{sha256[:2]}/{sha256}.mp4"
    assert ids.object_key(UUID(int=8), sha256, ".mp4") != ids.object_key(CREATOR, sha256, ".mp4")
