"""The text of a service key: who is to be asked about it, and the secret that proves it."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from schemas.keys import InstallationRole, KeyOwner

PREFIX = "mentora_"  # secret scanners find it by this; nothing else that is shown to the gateway begins so
_SHAPE = re.compile(r"mentora_(?:sk_([0-9a-f]{32})|ik)_([0-9a-f]{32})_([A-Za-z0-9_-]{43})", re.ASCII)
_SECRET_BYTES = 32


@dataclass(frozen=True)
class KeyText:
    """A key as its holder shows it. It names its creator, so that it is looked up among that creator's keys only."""

    creator: UUID | None
    key_id: UUID
    secret: str

    @property
    def digest(self) -> bytes:
        """What is stored of the secret: 32 random bytes need no slow hash."""
        return hashlib.sha256(self.secret.encode()).digest()

    def __str__(self) -> str:
        whose = "ik" if self.creator is None else f"sk_{self.creator.hex}"
        return f"{PREFIX}{whose}_{self.key_id.hex}_{self.secret}"


def new_key(owner: KeyOwner, key_id: UUID) -> KeyText:
    """A key with a secret of its own."""
    creator = None if isinstance(owner, InstallationRole) else owner
    return KeyText(creator, key_id, secrets.token_urlsafe(_SECRET_BYTES))


def read_key(text: str) -> KeyText | None:
    """The parts of a key; None for what is not shaped like one."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    creator, key_id, secret = found.groups()
    return KeyText(UUID(creator) if creator else None, UUID(key_id), secret)
