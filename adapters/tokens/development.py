"""Tokens for a developer's own machine, signed with a key that is made at first use and never leaves the home."""

import json
import os
import time
from pathlib import Path
from tempfile import NamedTemporaryFile

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from schemas.callers import Caller
from schemas.errors import SettingsInvalid, Unauthenticated

ISSUER = "urn:mentora:development"
ALGORITHMS = ["ES256"]
_AUDIENCE = "mentora"
_CALLER = "caller"


class DevelopmentTokens:
    """Issues and reads them. Where no key file is set there is no such thing, and so in production."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file
        self._key: ECKey | None = None
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
            found = jwt.decode(token, self._loaded(), algorithms=ALGORITHMS)
            self._claims.validate(found.claims)
            return Caller.model_validate(found.claims[_CALLER])
        except (JoseError, ValueError, TypeError, KeyError):  # TypeError: a header that is a list
            raise Unauthenticated("the development token is not valid, or no longer") from None

    def _loaded(self) -> ECKey:
        if self._key is None:
            self._key = _load(self._key_file)
        return self._key


def _load(path: Path) -> ECKey:
    """The first process to come makes it; all others read that one's. Raises: SettingsInvalid."""
    try:
        if not path.exists():
            _make(path)
        return ECKey.import_key(json.loads(path.read_text()))
    except (OSError, ValueError, JoseError):
        raise SettingsInvalid(f"MENTORA_DEVELOPMENT_KEY_FILE: {path} cannot be read or made") from None


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ECKey.generate_key("P-256", private=True)
    with NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # mode 0600
        json.dump(key.as_dict(private=True), file)
    try:
        os.link(file.name, path)  # fails where another was quicker
    except FileExistsError:
        pass
    finally:
        Path(file.name).unlink()
