"""What the routes use, each thing built at first use: the gateway's own wiring."""

import asyncio
import logging
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request

from activities.ports import Embedder
from adapters import models
from adapters.object_store import Store
from adapters.postgres.keys import KeyRing
from adapters.postgres.limits import ChangedLimits
from adapters.postgres.memberships import Memberships
from adapters.postgres.pool import Database
from adapters.postgres.uploads import PostgresUploads
from adapters.postgres.video_events import VideoChanges
from adapters.redis.cache import Cache
from adapters.redis.embeddings import RedisEmbeddingCache
from adapters.redis.rate_limits import RateLimiter
from adapters.settings import Settings
from adapters.tokens.development import DevelopmentTokens
from adapters.tokens.jwks import RemoteKeys
from adapters.tokens.media_links import MediaLinks, media_secrets
from adapters.tokens.whop import WhopTokens
from schemas.errors import MentoraError, SettingsInvalid
from starters.api.limiting import Limits
from starters.api.scrapes import Scrapes
from starters.api.signals import observe_statement
from starters.api.store_watch import StoreWatch
from starters.chats import Chat
from starters.embedding import CachedEmbedder
from starters.following import Following
from starters.remembered import Remembered
from starters.uploads import Uploads

if TYPE_CHECKING:
    from adapters.chat.anthropic import AnthropicChat
    from adapters.chat.extractive import ExtractiveChat
    from adapters.chat.openai import OpenAIChat
    from adapters.whop import Whop
    from starters.memberships import Doorkeeper

_LOGGER = logging.getLogger(__name__)


class Resources:
    """One a process; `close` gives everything back."""

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        """`embedder`: another than the one that the settings choose."""
        self.settings = settings
        self.is_warm = False  # whether the first question finds the models loaded
        self._given_embedder = embedder

    @cached_property
    def database(self) -> Database:
        """The application role's pool."""
        settings = self.settings
        if not settings.postgres_url:
            raise SettingsInvalid("MENTORA_POSTGRES_URL is not set: give the address of a PostgreSQL")
        return Database(
            settings.postgres_url,
            settings.api_postgres_pool_size,
            settings.postgres_statement_cache_size,
            observe_statement,
        )

    @cached_property
    def development_tokens(self) -> DevelopmentTokens | None:
        """None in production: such tokens are then no credential."""
        file = self.settings.development_key_file
        return DevelopmentTokens(Path(file)) if file else None

    @cached_property
    def cache(self) -> Cache:
        """What was read lately."""
        return Cache(self.settings.redis_cache_url)

    @cached_property
    def limits(self) -> Limits:
        """How often each caller may ask."""
        return Limits(RateLimiter(self.settings.redis_limits_url), ChangedLimits(self.database))

    @cached_property
    def key_ring(self) -> KeyRing:
        """Tells whose a service key is."""
        return KeyRing(self.database)

    @cached_property
    def whop_tokens(self) -> WhopTokens | None:
        """None where no app of Whop's is set: its user tokens are then no credential."""
        settings = self.settings
        return WhopTokens(settings.whop_app_id, RemoteKeys(settings.whop_jwks_url)) if settings.whop_app_id else None

    @cached_property
    def whop(self) -> "Whop":
        """Whop's API, with the app's key."""
        from adapters.whop import Whop

        return Whop(self.settings.whop_api_key, self.settings.whop_base_url)

    @cached_property
    def doorkeeper(self) -> "Doorkeeper":
        """Finds out what a Whop user is to a creator."""
        from starters.memberships import Doorkeeper

        return Doorkeeper(Memberships(self.database), self.whop)

    @cached_property
    def following(self) -> Following:
        """Whoever follows a video by this process."""
        return Following(VideoChanges(self.database))

    @cached_property
    def store(self) -> Store:
        """Object storage: a folder, or an S3-compatible bucket."""
        from adapters.object_store import open_object_store

        return open_object_store(self.settings)

    @cached_property
    def store_watch(self) -> StoreWatch:
        """Whether the object store answers."""
        return StoreWatch(self.store)

    @cached_property
    def uploads(self) -> Uploads:
        """Files on their way in."""
        return Uploads(PostgresUploads(self.database), self.store)

    @cached_property
    def scrapes(self) -> Scrapes:
        """What this process counts."""
        return Scrapes()

    @cached_property
    def media_links(self) -> MediaLinks:
        """Addresses of videos that need no credential."""
        return MediaLinks(*media_secrets(self.settings))

    def address_of(self, request: Request) -> str:
        """Where clients reach us, without a slash at the end."""
        return (self.settings.api_url or str(request.base_url)).rstrip("/")

    @cached_property
    def embedder(self) -> Embedder:
        """The model that questions are embedded with: the pipeline's own, and what it made is remembered."""
        return CachedEmbedder(self._embedding_model, self.embedding_cache)

    @cached_property
    def embedding_cache(self) -> RedisEmbeddingCache:
        """Vectors of what was embedded before, by the pipeline too."""
        return RedisEmbeddingCache(self.settings.redis_cache_url)

    @cached_property
    def _embedding_model(self) -> Embedder:
        return self._given_embedder or models.open_embedder(self.settings)

    @cached_property
    def chat_model(self) -> "OpenAIChat | AnthropicChat | ExtractiveChat":
        """Who answers questions."""
        return models.open_chat_model(self.settings)

    @cached_property
    def chat(self) -> Chat:
        """Questions and their answers."""
        return Chat(self.database, self.embedder, self.chat_model, self.remembered)

    @cached_property
    def remembered(self) -> Remembered:
        """Reads that many repeat."""
        return Remembered(self.database, self.cache)

    async def warm_up(self) -> None:
        """Load local models, in a thread. What is missing or not set is told in the log, and again to who asks."""
        try:
            load = getattr(self._embedding_model, "warm_up", None)  # a provider's have nothing to load
            if load is not None:
                await asyncio.to_thread(load)
            _LOGGER.info("questions are answered by %s", self.chat_model.model)
            self.is_warm = True
        except MentoraError as error:
            _LOGGER.error("no question can be answered: %s %s", error, error.cure)  # noqa: TRY400

    def end_streams(self) -> None:
        """Let every stream end after what it has sent: a client goes on by number, elsewhere."""
        if "following" in self.__dict__:
            self.following.end()

    async def close(self) -> None:
        """Give every connection back."""
        for name in ("limits", "cache", "database", "whop", "chat_model", "embedding_cache", "_embedding_model"):
            close = getattr(self.__dict__.get(name), "close", None)  # a local model has nothing to give back
            if close is not None:
                await close()
