"""Addresses that carry their own permission: whoever holds one may read one file for a while."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from adapters.settings import Settings
from adapters.tokens.key_file import read_key
from schemas.base import Frozen
from schemas.errors import MediaLinkInvalid, SettingsInvalid

_FILE = "media-links.secret"
_SECRET_BYTES = 32
_MAC_BYTES = hashlib.sha256().digest_size


class MediaLink(Frozen):
    """One file of one video, until `expires_at` (seconds since 1970)."""

    creator_id: UUID
    video_id: UUID
    object_key: str
    media_type: str
    expires_at: int


class MediaLinks:
    """Signs with the first secret and reads with any, so that a secret can be changed while addresses are out."""

    def __init__(self, *secrets: bytes) -> None:
        self._secrets = secrets

    def token(self, link: MediaLink) -> str:
        """What goes into the address: the link in the open, behind its HMAC-SHA256."""
        said = json.dumps(link.model_dump(mode="json"), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_mac(self._secrets[0], said) + said).rstrip(b"=").decode()

    def read(self, token: str) -> MediaLink:
        """Raises: MediaLinkInvalid; the expiry is read only of what we signed ourselves."""
        try:
            content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            mac, said = content[:_MAC_BYTES], content[_MAC_BYTES:]
            if not any(hmac.compare_digest(mac, _mac(secret, said)) for secret in self._secrets):
                raise MediaLinkInvalid("the address of the file is not one that was given out here")
            link = MediaLink.model_validate_json(said)
        except (binascii.Error, ValueError, ValidationError):
            raise MediaLinkInvalid("the address of the file cannot be read") from None
        if link.expires_at <= time.time():
            raise MediaLinkInvalid("the address of the file has expired")
        return link


def media_secrets(settings: Settings) -> tuple[bytes, ...]:
    """The settings' own, else one that is made at first use beside the development key. Raises: SettingsInvalid."""
    if settings.media_signing_secrets:
        return tuple(secret.get_secret_value().encode() for secret in settings.media_signing_secrets)
    if not settings.development_key_file:
        raise SettingsInvalid("MENTORA_MEDIA_SIGNING_SECRETS is empty: give one of 32 characters or more")
    path = Path(settings.development_key_file).with_name(_FILE)
    return (read_key(path, lambda: secrets.token_bytes(_SECRET_BYTES)),)


def _mac(secret: bytes, said: bytes) -> bytes:
    return hmac.digest(secret, b"media/" + said, "sha256")
