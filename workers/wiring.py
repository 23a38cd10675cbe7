"""The only place that joins adapters to activities. Whatever a role does not use is neither built nor imported."""

from functools import cached_property
from pathlib import Path

from activities.chunks import ChunkActivities
from activities.deletions import DeletionActivities
from activities.embeddings import EmbeddingActivities
from activities.media import MediaActivities
from activities.ports import Embedder, ObjectStore, QuizGenerator, Transcriber
from activities.quizzes import QuizActivities
from activities.transcript_edits import TranscriptEditActivities
from activities.transcripts import TranscriptActivities
from activities.videos import VideoActivities
from adapters import models
from adapters.postgres.artefacts import PostgresArtefacts
from adapters.postgres.chunks import PostgresChunks, PostgresEmbeddings
from adapters.postgres.outbox import Outbox
from adapters.postgres.pool import Database
from adapters.postgres.quizzes import PostgresQuizzes
from adapters.postgres.transcript_edits import PostgresTranscriptEdits
from adapters.postgres.transcripts import PostgresTranscripts
from adapters.postgres.usage import PostgresUsage
from adapters.postgres.videos import PostgresVideos
from adapters.settings import Settings
from schemas.errors import SettingsInvalid


class Wiring:
    """What one worker process needs, each thing built at first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    # ---- Steps -------------------------------------------------------------------------------------------------------

    @property
    def videos(self) -> VideoActivities:
        """Begin and end."""
        return VideoActivities(PostgresVideos(self.database))

    @property
    def media(self) -> MediaActivities:
        """Fetch and decode."""
        from adapters.media.downloader import HttpsDownloader
        from adapters.media.ffmpeg import FfmpegMediaTool

        settings = self._settings
        return MediaActivities(
            PostgresVideos(self.database),
            PostgresArtefacts(self.database),
            self.store,
            FfmpegMediaTool(max_hours=settings.max_video_hours),
            HttpsDownloader(
                settings.max_video_bytes, settings.download_timeout_seconds, settings.download_allowed_hosts
            ),
            self.spool,
            self.transcriber.model,
        )

    @property
    def transcripts(self) -> TranscriptActivities:
        """Speech to words."""
        return TranscriptActivities(
            PostgresTranscripts(self.database),
            PostgresVideos(self.database),
            PostgresUsage(self.database),
            self.store,
            self.transcriber,
        )

    @property
    def chunks(self) -> ChunkActivities:
        """Words to chunks."""
        from adapters.sentences import NupunktSentences

        return ChunkActivities(
            PostgresTranscripts(self.database),
            PostgresChunks(self.database),
            PostgresVideos(self.database),
            NupunktSentences(),
        )

    @property
    def embeddings(self) -> EmbeddingActivities:
        """Chunks to vectors."""
        from adapters.redis.embeddings import RedisEmbeddingCache

        return EmbeddingActivities(
            PostgresChunks(self.database),
            PostgresEmbeddings(self.database),
            PostgresVideos(self.database),
            PostgresUsage(self.database),
            RedisEmbeddingCache(self._settings.redis_cache_url),
            self.embedder,
        )

    @property
    def quizzes(self) -> QuizActivities:
        """Words to questions."""
        from adapters.redis.cache import Cache

        return QuizActivities(
            PostgresTranscripts(self.database),
            PostgresQuizzes(self.database),
            PostgresVideos(self.database),
            PostgresUsage(self.database),
            self.quiz_generator,
            Cache(self._settings.redis_cache_url),
        )

    @property
    def transcript_edits(self) -> TranscriptEditActivities:
        """Edited words to chunks and vectors."""
        from adapters.redis.embeddings import RedisEmbeddingCache
        from adapters.sentences import NupunktSentences

        return TranscriptEditActivities(
            PostgresTranscriptEdits(self.database),
            PostgresUsage(self.database),
            RedisEmbeddingCache(self._settings.redis_cache_url),
            self.embedder,
            NupunktSentences(),
        )

    @property
    def deletions(self) -> DeletionActivities:
        """What a deleted video leaves."""
        return DeletionActivities(PostgresArtefacts(self.database), self.store)

    # ---- Stores ------------------------------------------------------------------------------------------------------

    @cached_property
    def database(self) -> Database:
        """The application role's pool."""
        return self._open("POSTGRES_URL", self._settings.postgres_url)

    @cached_property
    def outbox(self) -> Outbox:
        """The orders, as the relay's role sees them."""
        return Outbox(self._open("POSTGRES_RELAY_URL", self._settings.postgres_relay_url))

    def _open(self, setting: str, url: str) -> Database:
        if not url:
            raise SettingsInvalid(f"MENTORA_{setting} is not set: give the address of a PostgreSQL")
        return Database(url, self._settings.postgres_pool_size, self._settings.postgres_statement_cache_size)

    @cached_property
    def store(self) -> ObjectStore:
        """Object storage: a folder, or an S3-compatible bucket."""
        from adapters.object_store import open_object_store

        return open_object_store(self._settings)

    @property
    def spool(self) -> Path:
        """Where media workers keep what they work on; nothing in it is needed once a step is done."""
        return self._settings.home_path / "spool"

    # ---- Models ------------------------------------------------------------------------------------------------------

    @cached_property
    def transcriber(self) -> Transcriber:
        """The speech model."""
        return models.open_transcriber(self._settings)

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model."""
        return models.open_embedder(self._settings)

    @cached_property
    def quiz_generator(self) -> QuizGenerator:
        """The quiz generator."""
        return models.open_quiz_generator(self._settings)
