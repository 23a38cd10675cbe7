"""The ways in which a provider misbehaves, by name."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from tests.providers.wire import Delivery, Reply

Answer = dict[str, Any]

Stream = Callable[[object], bytes] | None  # how an answer is cut into events

TRANSCRIPTIONS = "/v1/audio/transcriptions"
EMBEDDINGS = "/v1/embeddings"
CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"


@dataclass(frozen=True)
class Behaviour:
    """How one reply differs from the right one.

    `change` alters the right answer, `body` replaces its bytes, `error` (type, code) makes an error of it in the words
    of the vendor that was asked. `billed` says whether the work behind it would be on the bill. It waits for a request
    to one of its `paths`; none named means any.
    """

    name: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE
    change: Callable[[Answer], object] | None = None
    body: bytes | None = None
    error: tuple[str, str | None] | None = None
    billed: bool = True
    paths: tuple[str, ...] = ()

    def reply(
        self,
        answer: Answer,
        as_error: Callable[[str, str | None], Answer],
        stream: Callable[[object], bytes] | None = None,
    ) -> Reply:
        """What goes out instead of `answer`; in pieces, where the request asks for a stream and it is no refusal."""
        changed: object = answer
        if self.error:
            changed = as_error(*self.error)
        elif self.change:
            changed = self.change(answer)
        if stream is None or self.status != 200 or self.body is not None:
            body = self.body if self.body is not None else json.dumps(changed).encode()
            return Reply(self.status, body, self.headers, self.delivery)
        return Reply(200, stream(changed), {"content-type": "text/event-stream", **self.headers}, self.delivery)


_STREAM = {"content-type": "text/event-stream"}


def _refused(name: str, status: int, kind: str, code: str | None = None) -> Behaviour:
    return Behaviour(name, status, error=(kind, code), billed=False)


def _failed(status: int) -> Behaviour:
    return Behaviour(f"status_{status}", status, error=("server_error", None), billed=False)


RATE_LIMITED = _refused("rate_limited", 429, "rate_limit_error", "rate_limit_exceeded")


def rate_limited(seconds: float) -> Behaviour:
    """429 with Retry-After in seconds."""
    return replace(RATE_LIMITED, headers={"retry-after": f"{seconds:g}"})


def rate_limited_milliseconds(milliseconds: float) -> Behaviour:
    """429 with OpenAI's finer header beside a coarser one."""
    return replace(RATE_LIMITED, headers={"retry-after-ms": f"{milliseconds:g}", "retry-after": "60"})


def rate_limited_until(until: datetime, said_at: datetime) -> Behaviour:
    """429 with Retry-After as an HTTP-date, from a server whose clock shows `said_at`."""
    dates = {"retry-after": format_datetime(until, usegmt=True), "date": format_datetime(said_at, usegmt=True)}
    return replace(RATE_LIMITED, headers=dates)


def failing_for(status: int, seconds: float) -> Behaviour:
    """A 5xx that says when to come back."""
    return replace(_failed(status), headers={"retry-after": f"{seconds:g}"})


def with_content(answer: Answer, content: str) -> Answer:
    """A language model's answer with other words in it."""
    if "choices" in answer:
        answer["choices"][0]["message"]["content"] = content
    else:
        answer["content"] = [{"type": "text", "text": content}]
    return answer


def _content_of(answer: Answer) -> str:
    content = answer["choices"][0]["message"]["content"] if "choices" in answer else answer["content"][0]["text"]
    return str(content)


def _refusal(answer: Answer) -> Answer:
    if "choices" in answer:
        answer["choices"][0]["message"] |= {"content": None, "refusal": "I can't help with that."}
        return answer
    return answer | {"content": [], "stop_reason": "refusal"}


def _cut(answer: Answer) -> Answer:
    answer = with_content(answer, _content_of(answer)[:-20])
    if "choices" in answer:
        answer["choices"][0]["finish_reason"] = "length"
        return answer
    return answer | {"stop_reason": "max_tokens"}


def _first_vector(change: Callable[[list[float]], list[float]]) -> Callable[[Answer], Answer]:
    def changed(answer: Answer) -> Answer:
        answer["data"][0]["embedding"] = change(answer["data"][0]["embedding"])
        return answer

    return changed


RIGHT = Behaviour("right")
STATUS_500, STATUS_502, STATUS_503, STATUS_529 = map(_failed, (500, 502, 503, 529))
NEVER_ANSWERS = Behaviour("never_answers", delivery=Delivery.NEVER)
DRIPPING = Behaviour("dripping", delivery=Delivery.DRIPPING)
CONNECTION_RESET = Behaviour("connection_reset", delivery=Delivery.RESET)
STALLED = Behaviour("stalled", delivery=Delivery.STALLED)
TRUNCATED_BODY = Behaviour("truncated_body", delivery=Delivery.TRUNCATED)
EMPTY_BODY = Behaviour("empty_body", body=b"")
MALFORMED_JSON = Behaviour("malformed_json", body=b'{"data": [{"index": 0, "embedding": [0.1, ')
WRONG_SHAPE = Behaviour("wrong_shape", change=lambda _: {"result": "fine", "data": 1, "choices": 1, "content": 1})
HTML_PAGE = Behaviour("html_page", headers={"content-type": "text/html"}, body=b"<html>sk-secret</html>")
WRONG_CONTENT_TYPE = Behaviour("wrong_content_type", headers={"content-type": "text/plain"})
ERROR_IN_OK = Behaviour("error_in_ok", error=("server_error", "overloaded"), billed=False)
ERROR_BESIDE_ANSWER = Behaviour("error_beside_answer", change=lambda answer: answer | {"error": {"code": "overloaded"}})
NUL_CHARACTER = Behaviour("nul_character", change=lambda answer: answer | {"note": "\0"})

BAD_REQUEST = _refused("bad_request", 400, "invalid_request_error")
UNAUTHORISED = _refused("unauthorised", 401, "authentication_error", "invalid_api_key")
PAYMENT_REQUIRED = _refused("payment_required", 402, "billing_error")
FORBIDDEN = _refused("forbidden", 403, "permission_error")
UNKNOWN_MODEL = _refused("unknown_model", 404, "not_found_error", "model_not_found")
TOO_LARGE = _refused("too_large", 413, "request_too_large")
QUOTA_EXHAUSTED = _refused("quota_exhausted", 429, "insufficient_quota", "insufficient_quota")


def _embedding(name: str, change: Callable[[Answer], Answer]) -> Behaviour:
    return Behaviour(name, change=change, paths=(EMBEDDINGS,))


def _transcription(name: str, change: Callable[[Answer], Answer]) -> Behaviour:
    return Behaviour(name, change=change, paths=(TRANSCRIPTIONS,))


def _writing(name: str, change: Callable[[Answer], Answer]) -> Behaviour:
    return Behaviour(name, change=change, paths=(CHAT, MESSAGES))


FEWER_ITEMS = _embedding("fewer_items", lambda answer: answer | {"data": answer["data"][:-1]})
DOUBLED_ITEM = _embedding("doubled_item", lambda answer: answer | {"data": [*answer["data"][:-1], answer["data"][0]]})
REORDERED_ITEMS = _embedding("reordered_items", lambda answer: answer | {"data": answer["data"][::-1]})
WRONG_DIMENSION = _embedding("wrong_dimension", _first_vector(lambda vector: vector[:-1]))
NOT_A_NUMBER = _embedding("not_a_number", _first_vector(lambda vector: [float("nan"), *vector[1:]]))
INFINITE = _embedding("infinite", _first_vector(lambda vector: [float("inf"), *vector[1:]]))
ALL_ZERO = _embedding("all_zero", _first_vector(lambda vector: [0.0] * len(vector)))
UNNORMALISED = _embedding("unnormalised", _first_vector(lambda vector: [7 * value for value in vector]))

OTHER_AUDIO = _transcription("other_audio", lambda answer: answer | {"duration": answer["duration"] + 30})
WORDS_WITHOUT_TIMES = _transcription("words_without_times", lambda answer: answer | {"words": []})
WORDS_WITHOUT_SEGMENTS = _transcription("words_without_segments", lambda answer: answer | {"segments": []})

REFUSAL = _writing("refusal", _refusal)
CUT_AT_MAX_TOKENS = _writing("cut_at_max_tokens", _cut)
MALFORMED_CONTENT = _writing("malformed_content", lambda answer: with_content(answer, '{"questions": [{"st'))
WRONG_CONTENT_SHAPE = _writing("wrong_content_shape", lambda a: with_content(a, '{"questions": [{"stem": "Why?"}]}'))
NO_CONTENT = _writing("no_content", lambda answer: with_content(answer, ""))

BROKEN_EVENT = Behaviour("broken_event", headers=_STREAM, body=b'event: message_delta\ndata: {"choices": [\n\n')

BY_NAME = {value.name: value for value in tuple(globals().values()) if isinstance(value, Behaviour)}
