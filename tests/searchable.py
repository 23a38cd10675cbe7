"""Lectures that can be searched: cut and embedded as the pipeline does it."""

from uuid import UUID

from activities.chunks import chunks_of
from activities.ports import Embedder
from activities.sentences import sentences_of
from adapters.postgres.chunks import PostgresChunks, PostgresEmbeddings
from adapters.postgres.events import EventInbox
from adapters.postgres.pool import Database
from adapters.sentences import NupunktSentences
from schemas.events import UploadCompleted
from schemas.usage import Usage
from schemas.videos import VideoRef
from tests.databases import FreshDatabase, laid_out_audio
from tests.lectures import spoken

ICE = (
    "A glacier is a river of ice. It moves a few metres a day. Where it ends it leaves a moraine of stones. "
    "The camera that we used is called PQ-7."
)
SEA = "The tide is the rise and fall of the sea. It comes twice a day. The moon pulls the water."


async def searchable(
    app: Database, embedder: Embedder, creator: UUID, text: str, course: str = "Geology", key: str = ""
) -> VideoRef:
    """A lecture in which `text` is spoken from second 0 on, a word each 0.4 s."""
    event = UploadCompleted(creator_id=creator, title=text[:12], course=course, object_key="a/b")
    video = (await EventInbox(app).accept_upload(key or text[:100], event)).video
    audio = await laid_out_audio(app, video)
    chunks = chunks_of(audio.transcript_id, sentences_of([spoken(text)], NupunktSentences()))
    await PostgresChunks(app).replace(video, audio.transcript_id, chunks)
    vectors = (await embedder.embed([chunk.text for chunk in chunks])).vectors
    pairs = [(chunk.id, vector) for chunk, vector in zip(chunks, vectors, strict=True)]
    await PostgresEmbeddings(app).save(video, embedder.model, pairs, None, Usage())
    return video


async def published(database: FreshDatabase, video: VideoRef) -> VideoRef:
    """The lecture, as students may see it."""
    await database.scalar("UPDATE videos SET published = true WHERE id = $1", video.video_id)
    return video
