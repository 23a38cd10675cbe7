"""Answers are read by us, not by the SDKs: theirs build a model out of any JSON, with the missing fields left missing.

A shape below names only what we use, so that servers that speak a vendor's wire without every field of it serve us too.
"""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from adapters.provider_errors import Provider, error_code
from schemas.errors import ProviderAnswerInvalid


class Wire(BaseModel):
    """Part of an answer. What is not a finite number is no number: JSON has no NaN, Python's readers do."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


Shape = TypeVar("Shape", bound=Wire)


def read_answer(provider: Provider, headers: Mapping[str, str], text: str, shape: type[Shape]) -> Shape:
    """The answer in its shape.

    Raises: ProviderAnswerInvalid for another content type, for no JSON, for an error sent with status 200, and for
    another shape. Its message names fields and never repeats values.
    """
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not content_type.endswith("json"):
        raise ProviderAnswerInvalid(f"{provider} answered with {content_type[:64] or 'no content type'}, not JSON")
    answer = _read_json(provider, text)
    if isinstance(answer, Mapping) and answer.get("error"):
        raise ProviderAnswerInvalid(f"{provider} answered 200 with an error ({error_code(answer) or 'without a code'})")
    return _in_shape(provider, answer, shape)


def read_content(provider: Provider, text: str, shape: type[Shape]) -> Shape:
    """The JSON that a model wrote inside its answer.

    Raises: ProviderAnswerInvalid for nothing, for no JSON and for another shape.
    """
    if not text.strip():
        raise ProviderAnswerInvalid(f"{provider}'s model wrote nothing")
    return _in_shape(provider, _read_json(provider, text), shape)


def read_event(provider: Provider, event: BaseModel, shape: type[Shape]) -> Shape:
    """One event of a stream, in its shape. Raises: ProviderAnswerInvalid for another one."""
    return _in_shape(provider, event.model_dump(warnings=False), shape)


def _read_json(provider: Provider, text: str) -> object:
    if "\\u0000" in text:  # legal in JSON, and in no text that PostgreSQL stores
        raise ProviderAnswerInvalid(f"{provider} answered with a NUL character")
    try:
        return from_json(text)
    except ValueError:
        raise ProviderAnswerInvalid(f"{provider} answered with broken JSON ({len(text)} characters)") from None


def _in_shape(provider: Provider, answer: object, shape: type[Shape]) -> Shape:
    try:
        return shape.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise ProviderAnswerInvalid(f"{provider} answered in another shape: {place} ({first['type']})") from None
