"""Tokens for a developer's own machine, signed with a key that is made at first use and never leaves the home."""

import json
import time
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from adapters.tokens.key_file import read_key, unreadable
from adapters.tokens.verifying import VerifyingKey
from schemas.callers import Caller
from schemas.errors import Unauthenticated

ISSUER = "urn:mentora:development"
_AUDIENCE = "mentora"
_CALLER = "caller"


class DevelopmentTokens:
    """Issues and reads them. Where no key file is set there is no such thing, and so in production."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file
        self._key: ECKey | None = None
        self._verifier: VerifyingKey | None = None
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": _AUDIENCE},
            exp={"essential": True},
        )

    def issue(self, caller: Caller, seconds: float) -> str:
        """A token that says this of its bearer for so long. Makes the key where there is none yet."""
        now = int(time.time())
        said = {"iss": ISSUER, "aud": _AUDIENCE, "iat": now, "exp": now + int(seconds), "sub": caller.subject}
        return jwt.encode({"alg": "ES256"}, said | {_CALLER: caller.model_dump(mode="json")}, self._loaded())

    def read(self, token: str) -> Caller:
        """Whom the token is about. Raises: Unauthenticated."""
        try:
            found = self._verifying().verified(token)
            self._claims.validate(found.claims)
            return Caller.model_validate(found.claims[_CALLER])
        except (JoseError, ValueError, TypeError, KeyError):  # TypeError: a header that is a list
            raise Unauthenticated("the development token is not valid, or no longer") from None

    def _verifying(self) -> VerifyingKey:
        if self._verifier is None:
            self._verifier = VerifyingKey(self._loaded())
        return self._verifier

    def _loaded(self) -> ECKey:
        if self._key is None:
            self._key = _load(self._key_file)
        return self._key


def _load(path: Path) -> ECKey:
    """Raises: SettingsInvalid."""
    try:
        return ECKey.import_key(json.loads(read_key(path, _made)))
    except (ValueError, JoseError):
        raise unreadable(path) from None


def _made() -> bytes:
    return json.dumps(ECKey.generate_key("P-256", private=True).as_dict(private=True)).encode()
