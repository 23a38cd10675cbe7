"""What a call to a model consumed, as the provider said it."""

from enum import StrEnum
from uuid import UUID

from schemas.base import Frozen


class Operation(StrEnum):
    """What was asked of a model."""

    TRANSCRIBE = "transcribe"
    EMBED = "embed"
    QUIZ = "quiz"
    CHAT = "chat"


class Usage(Frozen):
    """Units of one call: seconds of audio, tokens in and out. Zero where a provider does not say."""

    audio_seconds: float = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            audio_seconds=self.audio_seconds + other.audio_seconds,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


class CallTicket(Frozen):
    """A reserved line of the usage ledger, to be settled together with the call's result."""

    creator_id: UUID
    ask: str
    attempt: int
