"""What a provider would have put on the bill."""

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Bill:
    """Calls that were worked on, whether or not their answer arrived, and what they consumed."""

    calls: int = 0
    audio_seconds: float = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(
            self.calls + other.calls,
            self.audio_seconds + other.audio_seconds,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


class Ledger:
    """Bills by what was asked: a key seen twice was paid for twice."""

    def __init__(self) -> None:
        self.by_key: defaultdict[str, Bill] = defaultdict(Bill)

    def add(self, key: str, bill: Bill) -> None:
        self.by_key[key] += bill

    @property
    def total(self) -> Bill:
        return sum(self.by_key.values(), Bill())

    @property
    def repeated_calls(self) -> int:
        """Calls beyond the first for the same thing."""
        return self.total.calls - len(self.by_key)
