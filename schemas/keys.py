"""Service keys: what a server shows to be let in, and whose it is. The secret itself is nowhere but with its holder."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schemas.base import Frozen


class InstallationRole(StrEnum):
    """What a key of the whole installation may do."""

    PLATFORM = "platform"  # acts for whichever creator it names
    OPERATOR = "operator"  # runs the installation


KeyOwner = UUID | InstallationRole  # a creator's id, or a role for the whole installation


class ServiceKey(Frozen):
    """A key, without its secret."""

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`good`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "good"


class KeyHolder(Frozen):
    """Who shows a good key."""

    key_id: UUID
    owner: KeyOwner
