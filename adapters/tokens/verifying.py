"""Keys that verify tokens, and remember what they have verified: a bearer shows its token with every request."""

from functools import lru_cache

from joserfc import jws, jwt
from joserfc.jwk import ECKey

_REMEMBERED = 4_096  # tokens, of a kilobyte; each is good for an hour or so


class VerifyingKey:
    """Verifies ES256 signatures by one key, each of them once.

    What a key verified is remembered in it: one that its owner has replaced or taken back takes all of it along.
    """

    def __init__(self, key: ECKey, *, strict: bool = True) -> None:
        """`strict`: whether a header that says more than we know of is refused."""
        self.kid = key.kid
        self._key = key
        self._registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=strict)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._decode)

    def verified(self, token: str) -> jwt.Token:
        """The token, which this key has signed. Look at its claims each time: their hour passes meanwhile.

        Raises: JoseError, ValueError and others of a token that is none.
        """
        return self._remembered(token)

    def _decode(self, token: str) -> jwt.Token:
        return jwt.decode(token, self._key, registry=self._registry)
