"""An answer in pieces, as each vendor streams it."""

import json
from typing import Any

Answer = dict[str, Any]
_PIECE = 7  # characters: citations are cut in two


def by_openai(answer: object) -> bytes:
    """The chunks of a chat completion, its usage and the end; an error, or another shape, as the one event."""
    if not isinstance(answer, dict) or "error" in answer or not isinstance(answer.get("choices"), list):
        return _openai(answer)
    head = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": answer["model"]}
    chunks: list[Answer] = []
    for choice in answer["choices"]:
        message = choice["message"]
        deltas = [{"role": "assistant", "content": ""}, *({"content": text} for text in _pieces(message["content"]))]
        deltas += [{"refusal": message["refusal"]}] if message["refusal"] else []
        chunks += [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        chunks += [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]
    body = b"".join(_openai(head | {"choices": [chunk], "usage": None}) for chunk in chunks)
    return body + _openai(head | {"choices": [], "usage": answer["usage"]}) + b"data: [DONE]\n\n"


def by_anthropic(answer: object) -> bytes:
    """The events of a message; an error, or another shape, as the one event."""
    if not isinstance(answer, dict) or not isinstance(answer.get("content"), list) or "error" in answer:
        is_error = isinstance(answer, dict) and "error" in answer
        return _anthropic("error" if is_error else "message_delta", answer)
    usage = answer["usage"]
    text = "".join(block["text"] for block in answer["content"])
    start = answer | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    events: list[Answer] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *(_grown(piece) for piece in _pieces(text)),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": answer["stop_reason"], "stop_sequence": None},
            "usage": {"output_tokens": usage["output_tokens"]},
        },
        {"type": "message_stop"},
    ]
    return b"".join(_anthropic(event["type"], event) for event in events)


def _grown(piece: str) -> Answer:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}


def _pieces(text: str | None) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)] if text else []


def _openai(event: object) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def _anthropic(name: str, event: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(event)}\n\n".encode()
