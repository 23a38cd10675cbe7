"""Fake vendors over real HTTP."""

from tests.providers.behaviours import CHAT, EMBEDDINGS, MESSAGES, TRANSCRIPTIONS
from tests.providers.server import FakeProvider

__all__ = ["CHAT", "EMBEDDINGS", "MESSAGES", "TRANSCRIPTIONS", "FakeProvider"]
