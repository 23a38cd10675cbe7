"""OpenAI's wire: what it refuses, what it answers, and what that costs."""

import base64
import json
import re
import struct
import wave
from typing import Any

from tests.providers import invention
from tests.providers.ledger import Bill
from tests.providers.schemas import complaint_about
from tests.providers.wire import Request

Answer = dict[str, Any]
NATIVE_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
LARGEST_UPLOAD = 25 * 1024 * 1024


class Refusal(Exception):
    """The request is not one that the vendor serves."""

    def __init__(self, status: int, kind: str, code: str | None, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.code = status, kind, code


def as_error(kind: str, code: str | None, message: str = "Something about sk-secret went wrong.") -> Answer:
    """OpenAI's error body. Its prose quotes keys, as the real one does."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refused(message: str, status: int = 400, code: str | None = None) -> Refusal:
    """A request out of bounds."""
    return Refusal(status, "invalid_request_error", code, message)


def check_key(request: Request) -> None:
    """Any key does, but there must be one."""
    if not request.headers.get("authorization", "").removeprefix("Bearer").strip():
        raise refused("You didn't provide an API key.", 401)


def transcribe(request: Request) -> tuple[Answer, Bill]:
    """`POST /v1/audio/transcriptions`, in the verbose form with words."""
    fields = form(request)
    if len(request.body) > LARGEST_UPLOAD:
        raise refused("Maximum content size limit exceeded", 413)
    try:
        seconds, segments, words = invention.heard(fields["file"][0])
    except (KeyError, wave.Error, EOFError):
        raise refused("The audio file could not be decoded or its format is not supported.") from None
    if seconds < 0.1:
        raise refused("Audio file is too short. Minimum audio length is 0.1 seconds.", code="audio_too_short")
    answer: Answer = {
        "task": "transcribe", "language": "english", "duration": seconds,
        "text": "".join(str(segment["text"]) for segment in segments).strip(),
        "usage": {"type": "duration", "seconds": int(seconds + 0.999)},
    }  # fmt: skip
    granularities = fields.get("timestamp_granularities[]", [])
    if fields.get("response_format") != [b"verbose_json"]:
        return {"text": answer["text"], "usage": answer["usage"]}, Bill(1, seconds)
    answer |= {"segments": segments} if b"segment" in granularities or not granularities else {}
    answer |= {"words": words} if b"word" in granularities else {}
    return answer, Bill(1, seconds)


def embed(request: Request) -> tuple[Answer, Bill]:
    """`POST /v1/embeddings`, as floats or base64."""
    asked: Answer = request.json()
    texts: list[str] = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
    if not texts or len(texts) > 2_048 or not all(texts):
        raise refused("'$.input' is invalid.")
    spent = sum(map(invention.tokens, texts))
    if spent > 300_000:
        raise refused("Requested too many tokens, max 300000 tokens per request", code="max_tokens_per_request")
    dimensions = asked.get("dimensions") or NATIVE_DIMENSIONS.get(asked["model"], 1536)
    vectors = [invention.embedding(text, dimensions) for text in texts]
    answer = {
        "object": "list", "model": asked["model"], "usage": {"prompt_tokens": spent, "total_tokens": spent},
        "data": [
            {"object": "embedding", "index": index, "embedding": _encoded(vector, asked.get("encoding_format"))}
            for index, vector in enumerate(vectors)
        ],
    }  # fmt: skip
    return answer, Bill(1, 0, spent)


def chat(request: Request) -> tuple[Answer, Bill]:
    """`POST /v1/chat/completions`, with a strict JSON schema or in words."""
    asked: Answer = request.json()
    shape = asked.get("response_format", {}).get("json_schema", {})
    if shape.get("strict") and (complaint := complaint_about(shape.get("schema", {}))):
        raise refused(f"Invalid schema for response_format 'quiz': {complaint}")
    text = "\n".join(message["content"] for message in asked["messages"])
    content = json.dumps(invention.quiz(text)) if shape else invention.spoken_answer(text)
    spent, made = invention.tokens(text), invention.tokens(content)
    message: Answer = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    answer = {
        "id": "chatcmpl-fake", "object": "chat.completion", "created": 1, "model": f"{asked['model']}-2026-09-22",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": spent, "completion_tokens": made, "total_tokens": spent + made},
    }  # fmt: skip
    return answer, Bill(1, 0, spent, made)


def form(request: Request) -> dict[str, list[bytes]]:
    """The parts of a multipart body by their names; a repeated name has several."""
    boundary = request.headers.get("content-type", "").partition("boundary=")[2].strip('"').encode()
    fields: dict[str, list[bytes]] = {}
    for part in request.body.split(b"--" + boundary)[1:-1] if boundary else []:
        head, _, content = part.partition(b"\r\n\r\n")
        if name := re.search(rb'name="([^"]*)"', head):
            fields.setdefault(name[1].decode(), []).append(content.removesuffix(b"\r\n"))
    return fields


def _encoded(vector: list[float], encoding: object) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    return vector
