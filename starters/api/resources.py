"""What the routes use, each thing built at first use: the gateway's own wiring."""

import asyncio
import logging
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from activities.ports import Embedder, ObjectStore
from adapters import models
from adapters.postgres.pool import Database
from adapters.redis import RedisEmbeddingCache
from adapters.settings import Settings
from adapters.tokens.development import DevelopmentTokens
from schemas.errors import MentoraError, SettingsInvalid
from starters.chats import Chat
from starters.embedding import CachedEmbedder

if TYPE_CHECKING:
    from adapters.chat.anthropic import AnthropicChat
    from adapters.chat.extractive import ExtractiveChat
    from adapters.chat.openai import OpenAIChat

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
        return Database(settings.postgres_url, settings.api_postgres_pool_size, settings.postgres_statement_cache_size)

    @cached_property
    def development_tokens(self) -> DevelopmentTokens | None:
        """None in production: such tokens are then no credential."""
        file = self.settings.development_key_file
        return DevelopmentTokens(Path(file)) if file else None

    @cached_property
    def store(self) -> ObjectStore:
        """Object storage: a folder, or an S3-compatible bucket."""
        from adapters.object_store import open_object_store

        return open_object_store(self.settings)

    @cached_property
    def embedder(self) -> Embedder:
        """The model that questions are embedded with: the pipeline's own, and what it made is remembered."""
        return CachedEmbedder(self._embedding_model, self._embedding_cache)

    @cached_property
    def _embedding_cache(self) -> RedisEmbeddingCache:
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
        return Chat(self.database, self.embedder, self.chat_model)

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

    async def close(self) -> None:
        """Give every connection back."""
        if "chat_model" in self.__dict__:
            await self.chat_model.close()
        if "_embedding_cache" in self.__dict__:
            await self._embedding_cache.close()
        if "database" in self.__dict__:
            await self.database.close()
