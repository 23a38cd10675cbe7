"""Both vendors behind one port of loopback, well-behaved until told otherwise."""

import hashlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from tests.providers import anthropic, openai, streams
from tests.providers.behaviours import BY_NAME, CHAT, EMBEDDINGS, MESSAGES, RIGHT, TRANSCRIPTIONS, Behaviour
from tests.providers.ledger import Bill, Ledger
from tests.providers.wire import Fake, Reply, Request

Answering = Callable[[Request], tuple[dict[str, Any], Bill]]
_ROUTES: dict[str, Answering] = {
    TRANSCRIPTIONS: openai.transcribe,
    EMBEDDINGS: openai.embed,
    CHAT: openai.chat,
    MESSAGES: anthropic.create_message,
}


@dataclass(frozen=True)
class _Planned:
    behaviour: Behaviour
    path: str | None  # None: whichever comes next


class FakeProvider(Fake):
    """`async with FakeProvider() as provider`: real HTTP, deterministic answers, misbehaviour by script.

    Other processes script it over `POST /control/misbehave` with {"behaviours": [names], "on": path, "retry_after": s}
    and read the bill at `GET /control/ledger`.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.ledger = Ledger()
        self._script: deque[_Planned] = deque()

    @property
    def openai_url(self) -> str:
        """What MENTORA_OPENAI_BASE_URL must say."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        """What MENTORA_ANTHROPIC_BASE_URL must say."""
        return f"http://127.0.0.1:{self.port}"

    def misbehave(self, *behaviours: Behaviour, on: str | None = None, times: int = 1) -> None:
        """The next requests (to the path `on`, or to any) get these, in order; the whole list `times` times over."""
        self._script.extend(_Planned(behaviour, on) for _ in range(times) for behaviour in behaviours)

    def forget(self) -> None:
        """Drop the script, the requests and the ledger."""
        self._script.clear()
        self.requests.clear()
        self.ledger = Ledger()

    def _reply(self, request: Request) -> Reply:
        if request.path.startswith("/control/"):
            return self._control(request)
        self.requests.append(request)
        behaviour = self._next(request.path)
        vendor = anthropic if request.path == MESSAGES else openai
        try:
            vendor.check_key(request)
            answering = _ROUTES.get(request.path)
            if answering is None:
                raise openai.refused(f"Invalid URL (POST {request.path})", 404)
            answer, bill = answering(request)
        except openai.Refusal as refusal:
            return _json(vendor.as_error(refusal.kind, refusal.code, str(refusal)), refusal.status)
        except (KeyError, TypeError, ValueError) as error:
            return _json(vendor.as_error("invalid_request_error", None, f"Bad request: {error!r}"), 400)
        if behaviour.billed:
            self.ledger.add(request_key(request), bill)
        reply = behaviour.reply(answer, vendor.as_error, _stream(request))
        return replace(reply, headers={"x-request-id": f"req_{len(self.requests)}", **reply.headers})

    def _next(self, path: str) -> Behaviour:
        for planned in self._script:
            if planned.path in {None, path} and path in (planned.behaviour.paths or (path,)):
                self._script.remove(planned)
                return planned.behaviour
        return RIGHT

    def _control(self, request: Request) -> Reply:
        if request.path == "/control/misbehave":
            asked: dict[str, Any] = request.json()
            headers = {"retry-after": str(asked["retry_after"])} if "retry_after" in asked else {}
            if unknown := set(asked["behaviours"]) - set(BY_NAME):
                return _json({"unknown": sorted(unknown), "known": sorted(BY_NAME)}, 400)
            behaviours = [BY_NAME[name] for name in asked["behaviours"]]
            self.misbehave(
                *(replace(one, headers={**one.headers, **headers}) for one in behaviours), on=asked.get("on")
            )
            return _json({"planned": len(self._script)})
        ledger = {"total": asdict(self.ledger.total), "repeated_calls": self.ledger.repeated_calls}
        return _json({**ledger, "by_key": {key: asdict(bill) for key, bill in self.ledger.by_key.items()}})


def request_key(request: Request) -> str:
    """What was asked, whatever the headers and the multipart boundary: the same key is the same paid work."""
    content: object = request.body.decode("latin-1")
    if request.headers.get("content-type", "").startswith("multipart/"):
        content = {
            name: [hashlib.sha256(part).hexdigest() for part in parts] for name, parts in openai.form(request).items()
        }
    whole = json.dumps([request.path, content], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _stream(request: Request) -> Callable[[object], bytes] | None:
    """How the answer is cut into events; None where it is not asked for so."""
    if request.path not in {CHAT, MESSAGES} or not request.json().get("stream"):
        return None
    return streams.by_anthropic if request.path == MESSAGES else streams.by_openai


def _json(answer: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(answer).encode())
