"""Identity, on one page: every id derives from content and names, never from the clock or a random number.

So whatever runs twice names the same thing twice, and the database's keys make the second time a no-op.
"""

import hashlib
from uuid import UUID, uuid5

_ROOT = UUID("6f1c6a52-7a53-5b0e-9d3a-6d656e746f72")


def creator_id(name: str) -> UUID:
    """The id of the creator called `name` on this installation: for the command line any name, for Whop a company."""
    return uuid5(_ROOT, f"creator/{name}")


def student_id(creator: UUID, user: str) -> UUID:
    """One student per creator and user: the same person with two creators is two students, who cannot be joined."""
    return uuid5(creator, f"student/{user}")


def membership_id(creator: UUID, membership: str) -> UUID:
    """One membership per creator and Whop membership."""
    return uuid5(creator, f"membership/{membership}")


def video_id(creator: UUID, event_key: str) -> UUID:
    """One video per creator and event key: the same event twice is the same video."""
    return uuid5(creator, f"video/{event_key}")


def course_id(creator: UUID, title: str) -> UUID:
    """One course per creator and title."""
    return uuid5(creator, f"course/{title}")


def transcript_id(video: UUID, audio_sha256: str, speech_model: str) -> UUID:
    """One transcript per video, audio and speech model: another model makes another transcript beside the old one."""
    return uuid5(video, f"transcript/{audio_sha256}/{speech_model}")


def chunk_id(transcript: UUID, position: int, text: str) -> UUID:
    """One chunk per place and text: an edited sentence changes the ids of its own chunks only."""
    return uuid5(transcript, f"chunk/{position}/{text_sha256(text)}")


def quiz_id(transcript: UUID, request: str) -> UUID:
    """One quiz per transcript and request; the pipeline's own request is called `pipeline`."""
    return uuid5(transcript, f"quiz/{request}")


def question_id(quiz: UUID, stem: str) -> UUID:
    """A quiz asks a thing once: the same stem is the same question."""
    return uuid5(quiz, f"question/{text_sha256(stem)}")


def attempt_id(quiz: UUID, student: UUID, key: str) -> UUID:
    """One attempt per quiz, student and idempotency key."""
    return uuid5(quiz, f"attempt/{student}/{key}")


def watch_event_id(viewer: UUID, batch: UUID, position: int) -> UUID:
    """One event per viewer, batch and place in it."""
    return uuid5(viewer, f"watch/{batch}/{position}")


def chat_session_id(asker: UUID, key: str) -> UUID:
    """One session per asker and idempotency key of its first question."""
    return uuid5(asker, f"chat-session/{key}")


def chat_message_id(asker: UUID, key: str) -> UUID:
    """One message per asker and idempotency key: the same question sent twice is the same message."""
    return uuid5(asker, f"chat-message/{key}")


def text_sha256(text: str) -> str:
    """Hex SHA-256 of the text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def object_key(creator: UUID, sha256: str, suffix: str) -> str:
    """Where bytes with this checksum lie in object storage: content-addressed, and never shared between creators."""
    return f"{creator}/{sha256[:2]}/{sha256}{suffix}"


def process_video_workflow_id(creator: UUID, video: UUID, epoch: int = 1) -> str:
    """The story of one video; a re-run at a later epoch is a story of its own."""
    first = f"process-video/{creator}/{video}"
    return first if epoch == 1 else f"{first}/{epoch}"


def generate_quiz_workflow_id(creator: UUID, quiz: UUID, epoch: int = 1) -> str:
    """The story of one quiz."""
    first = f"generate-quiz/{creator}/{quiz}"
    return first if epoch == 1 else f"{first}/{epoch}"


def edit_transcript_workflow_id(creator: UUID, transcript: UUID, edition: int) -> str:
    """The story of one edit."""
    return f"edit-transcript/{creator}/{transcript}/{edition}"


def delete_video_workflow_id(creator: UUID, video: UUID) -> str:
    """The story of a video's end; a video is deleted once."""
    return f"delete-video/{creator}/{video}"


def order_id(kind: str, workflow_id: str) -> UUID:
    """One order per kind and story."""
    return uuid5(_ROOT, f"order/{kind}/{workflow_id}")


def video_tag(video: UUID) -> str:
    """What cached values carry that rest on the video."""
    return f"video/{video}"


def ask(step: str, *names: object) -> str:
    """What a paid call asks for, the same in every attempt: the usage ledger's key beside the attempt."""
    return "/".join([step, *map(str, names)])
