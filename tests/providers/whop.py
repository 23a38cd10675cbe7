"""A fake Whop: its published keys, the tokens they sign, who has access to which company, and signed webhooks."""

import base64
import json
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import ECKey
from standardwebhooks import Webhook

from tests.providers.wire import Delivery, Fake, Reply, Request

APP = "app_mentora"
API_KEY = "whop-api-key-secret"
JWKS = "/.well-known/jwks.json"
ISSUER = "urn:whopcom:exp-proxy"


def signing_key(kid: str) -> ECKey:
    """A pair as Whop has them."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}, private=True)


class FakeWhop(Fake):
    """`async with FakeWhop() as whop`: real HTTP, right until told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.published = [signing_key("first")]
        self._levels: dict[tuple[str, str], str] = {}
        self._misbehaviour: deque[tuple[str, Reply]] = deque()

    @property
    def base_url(self) -> str:
        """What MENTORA_WHOP_BASE_URL must say."""
        return f"http://127.0.0.1:{self.port}/api/v1"

    @property
    def jwks_url(self) -> str:
        """What MENTORA_WHOP_JWKS_URL must say."""
        return f"http://127.0.0.1:{self.port}{JWKS}"

    def asked(self, path: str) -> int:
        """How often a path that begins so was asked for."""
        return sum(request.path.startswith(path) for request in self.requests)

    def grant(self, user: str, company: str, level: str) -> None:
        """From now on the user is `admin`, `customer` or `no_access` there."""
        self._levels[user, company] = level

    def misbehave(self, path: str, reply: Reply, times: int = 1) -> None:
        """The next requests to a path that begins so get this."""
        self._misbehaviour.extend((path, reply) for _ in range(times))

    def behave(self) -> None:
        """Drop what was planned."""
        self._misbehaviour.clear()

    def token(self, user: str, key: ECKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A user token, right in all that is not changed; a claim of None is left out."""
        signer = key or self.published[0]
        said = {"iss": ISSUER, "aud": APP, "sub": user, "iat": int(time.time()), "exp": int(time.time()) + 600} | claims
        said = {name: value for name, value in said.items() if value is not None}
        lenient = jws.JWSRegistry(strict_check_header=False)
        return jwt.encode({"alg": "ES256", "kid": signer.kid, **(header or {})}, said, signer, registry=lenient)

    def _reply(self, request: Request) -> Reply:
        self.requests.append(request)
        for planned in self._misbehaviour:
            if request.path.startswith(planned[0]):
                self._misbehaviour.remove(planned)
                return planned[1]
        if request.path == JWKS:
            return _json({"keys": [key.as_dict(private=False) for key in self.published]})
        if request.headers.get("authorization") != f"Bearer {API_KEY}":
            return _json({"error": {"type": "unauthorized", "message": f"bad key {API_KEY}"}}, 401)
        _, _, _, _, user, _, company = request.path.split("/")
        if company not in {company for _, company in self._levels}:
            return _json({"error": {"type": "not_found"}}, 404)
        level = self._levels.get((user, company), "no_access")
        return _json({"access_level": level, "has_access": level != "no_access"})


NEVER = Reply(200, b"", delivery=Delivery.NEVER)
RESET = Reply(200, b"", delivery=Delivery.RESET)
BROKEN = Reply(200, b"<html>")
OVERLOADED = Reply(503, b"{}")


def membership_event(kind: str, user: str, at: datetime, membership: str = "mem_1", **data: Any) -> dict[str, Any]:
    """What Whop says of a membership, in its older shape."""
    about = {"id": membership, "status": "active", "user": {"id": user, "email": "ada@example.com"}, **data}
    return {"id": "msg", "api_version": "v1", "type": f"membership.{kind}", "timestamp": at.isoformat(), "data": about}


def signed(body: bytes, secret: str, webhook_id: str, at: datetime | None = None) -> dict[str, str]:
    """The headers of a delivery that was signed with the secret. Whop signs with the secret's own characters."""
    moment = at or datetime.now(UTC)
    signature = Webhook(base64.b64encode(secret.encode()).decode()).sign(webhook_id, moment, body.decode())
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature,
        "content-type": "application/json",
    }


def _json(answer: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(answer).encode())
