"""What /openapi.json hands out: what FastAPI finds in the routes, and problem documents for every error."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from starters.api.problems import Problem

_TEMPLATE = "#/components/schemas/{model}"


def add_contract(app: FastAPI) -> None:
    """Have the app hand out its contract, made once."""
    made: dict[str, Any] = {}

    def contract() -> dict[str, Any]:
        if not made:
            made.update(_made(app))
        return made

    app.openapi = contract  # type: ignore[method-assign] # FastAPI's own way to change it


def _made(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    _, problems = models_json_schema([(Problem, "serialization")], ref_template=_TEMPLATE)
    found.setdefault("components", {}).setdefault("schemas", {}).update(problems["$defs"])
    return found
