"""What the routes use, each thing built at first use: the gateway's own wiring."""

from functools import cached_property
from pathlib import Path

from activities.ports import Embedder, ObjectStore
from adapters import models
from adapters.postgres.pool import Database
from adapters.postgres.video_events import VideoChanges
from adapters.settings import Settings
from adapters.tokens.development import DevelopmentTokens
from schemas.errors import SettingsInvalid
from starters.following import Following


class Resources:
    """One a process; `close` gives everything back."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def database(self) -> Database:
        """The application role's pool."""
        settings = self.settings
        if not settings.postgres_url:
            raise SettingsInvalid("MENTORA_POSTGRES_URL is not set: give the address of a PostgreSQL")
        return Database(settings.postgres_url, settings.api_postgres_pool_size, settings.postgres_statement_cache_size)

    @cached_property
    def development_tokens(self) -> DevelopmentTokens | None:
        """None in production: such tokens are then no credential."""
        file = self.settings.development_key_file
        return DevelopmentTokens(Path(file)) if file else None

    @cached_property
    def following(self) -> Following:
        """Whoever follows a video by this process."""
        return Following(VideoChanges(self.database))

    @cached_property
    def store(self) -> ObjectStore:
        """Object storage: a folder, or an S3-compatible bucket."""
        from adapters.object_store import open_object_store

        return open_object_store(self.settings)

    @cached_property
    def embedder(self) -> Embedder:
        """The model that questions are embedded with: the pipeline's own."""
        return models.open_embedder(self.settings)

    def end_streams(self) -> None:
        """Let every stream end after what it has sent: a client goes on by number, elsewhere."""
        if "following" in self.__dict__:
            self.following.end()

    async def close(self) -> None:
        """Give every connection back."""
        if "database" in self.__dict__:
            await self.database.close()
