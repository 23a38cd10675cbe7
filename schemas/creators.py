"""Creators: who owns courses and videos, and what they may choose."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from schemas.base import Frozen


class CreatorSettings(Frozen):
    """What a creator chose; a new creator has these defaults."""

    chat_for_students: bool = Field(default=True, description="Whether students may ask questions in the chat.")


class Creator(Frozen):
    """One creator of this installation."""

    creator_id: UUID
    name: str
    settings: CreatorSettings
    created_at: datetime
