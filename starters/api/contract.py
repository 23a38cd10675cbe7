"""What /openapi.json hands out: what FastAPI finds in the routes, problem documents for errors, and credentials."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from starters.api.callers import CREATOR, WHOP_TOKEN
from starters.api.problems import Problem

# The `openapi_extra` of a route that takes nothing else.
BY_WHOP_TOKEN: dict[str, Any] = {"security": [{"WhopUserToken": []}]}

_TEMPLATE = "#/components/schemas/{model}"
_CREDENTIALS = {
    "Bearer": {"type": "http", "scheme": "bearer", "description": "A service key, or a token of `mentora token`."},
    "WhopUserToken": {
        "type": "apiKey",
        "in": "header",
        "name": WHOP_TOKEN,
        "description": f"A Whop user token; {CREATOR} goes with it.",
    },
}


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
    found["components"]["schemas"].update(problems["$defs"])
    found["components"]["securitySchemes"] = _CREDENTIALS
    for operation in (one for path in found["paths"].values() for one in path.values()):
        # FastAPI's own way would be two more dependencies for each request, which would read headers that `calling`
        # reads anyway. Every route that asks who calls has the header that names a creator.
        if any(parameter["name"] == CREATOR for parameter in operation.get("parameters", ())):
            operation["security"] = [{name: []} for name in _CREDENTIALS]
    return found
