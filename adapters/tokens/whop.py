"""Whop user tokens: ES256, signed with a key that Whop publishes, for our app, for a while."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from joserfc import jws, jwt
from joserfc.errors import JoseError

from adapters.tokens.jwks import RemoteKeys
from schemas.errors import Unauthenticated

ISSUER = "urn:whopcom:exp-proxy"
LEEWAY_SECONDS = 30  # between two clocks
MAX_LENGTH = 4_096  # of a token; Whop's have some hundreds
_USER = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class WhopUser:
    """Whom a token is about, and until when."""

    user: str
    expires: datetime


class WhopTokens:
    """Reads the tokens of one app."""

    def __init__(self, app_id: str, keys: RemoteKeys) -> None:
        self._app_id = app_id
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True},
            sub={"essential": True},
            exp={"essential": True},
        )

    async def read(self, token: str) -> WhopUser:
        """Whom the token is about. Raises: Unauthenticated; WhopUnavailable where its keys were never read."""
        try:
            found = await self._decoded(token)
            self._claims.validate(found.claims)
            user, audience = found.claims["sub"], found.claims["aud"]
            expires = datetime.fromtimestamp(found.claims["exp"], UTC)
        except (JoseError, ValueError, TypeError, AttributeError, OverflowError):
            raise _refused() from None
        # Not by the library: it would take a list that has us in it, too.
        if audience != self._app_id or not _USER.fullmatch(user):
            raise _refused()
        return WhopUser(user, expires)

    async def _decoded(self, token: str) -> jwt.Token:
        """Raises: JoseError, ValueError and others of a token that is none."""
        if len(token) > MAX_LENGTH:
            raise ValueError("too long")
        header = jws.extract_compact(token.encode()).headers()
        kid, kind = header.get("kid"), header.get("typ", "JWT")
        if not isinstance(kid, str) or str(kind).upper() != "JWT":
            raise ValueError("no key is named, or it is no such token")
        key = await self._keys.find(kid)
        if key is None:
            raise ValueError("no such key")
        return key.verified(token)


def _refused() -> Unauthenticated:
    return Unauthenticated("the Whop user token is not valid, or no longer")
