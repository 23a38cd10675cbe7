"""Anthropic's wire: what it refuses, what it answers, and what that costs."""

import json
from typing import Any

from tests.providers import invention
from tests.providers.ledger import Bill
from tests.providers.openai import Refusal
from tests.providers.schemas import complaint_about
from tests.providers.wire import Request

Answer = dict[str, Any]


def as_error(kind: str, _code: str | None = None, message: str = "Something about sk-ant-secret went wrong.") -> Answer:
    """Anthropic's error body: types, no codes."""
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fake"}


def check_key(request: Request) -> None:
    """Any key does, but there must be one (SDK 2.12 sends it as a bearer), and the version of the wire."""
    if not (request.headers.get("x-api-key") or request.headers.get("authorization")):
        raise Refusal(401, "authentication_error", None, "x-api-key header is required")
    if not request.headers.get("anthropic-version"):
        raise Refusal(400, "invalid_request_error", None, "anthropic-version: header is required")


def create_message(request: Request) -> tuple[Answer, Bill]:
    """`POST /v1/messages`, with a JSON schema as its output format or in words."""
    asked: Answer = request.json()
    if not asked.get("max_tokens"):
        raise Refusal(400, "invalid_request_error", None, "max_tokens: Field required")
    schema = asked.get("output_config", {}).get("format", {}).get("schema", {})
    if schema and (complaint := complaint_about(schema)):
        raise Refusal(400, "invalid_request_error", None, f"output_config.format.schema: {complaint}")
    text = asked.get("system", "") + "\n" + "\n".join(message["content"] for message in asked["messages"])
    content = json.dumps(invention.quiz(text)) if schema else invention.spoken_answer(text)
    spent, made = invention.tokens(text), invention.tokens(content)
    usage = {"input_tokens": spent - 10, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 6}
    answer = {
        "id": "msg_fake", "type": "message", "role": "assistant", "model": asked["model"],
        "content": [{"type": "text", "text": content}], "stop_reason": "end_turn", "stop_sequence": None,
        "usage": usage | {"output_tokens": made, "service_tier": "standard"},
    }  # fmt: skip
    return answer, Bill(1, 0, spent, made)
