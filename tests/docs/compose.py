"""The compose file as Docker reads it: interpolated, with every required variable given."""

import re
from typing import Any

from ruamel.yaml import YAML

from tests.docs.pages import ROOT

FILE = ROOT / "docker-compose.temporal.yml"
_VARIABLE = re.compile(r"\$\{([A-Z_0-9]+)(?:(:-)([^}]*)|(:\?)([^}]+))?\}|\$([A-Z_]+)")
_TEXT = "\n".join(line for line in FILE.read_text().splitlines() if not line.startswith("#"))
_FOUND = list(_VARIABLE.finditer(_TEXT))

COMPOSE_VARIABLES = tuple(dict.fromkeys(match[1] or match[6] for match in _FOUND))
REQUIRED = {match[1] for match in _FOUND if match[4]}
UNGUARDED = {match[0] for match in _FOUND if not match[2] and not match[4]}
DEFAULTS = {(match[1], match[3]) for match in _FOUND if match[2]}


def interpolated() -> dict[str, Any]:
    """With defaults, and with `x-NAME` for what has none. Docker too reads YAML first and interpolates its texts."""
    document: dict[str, Any] = _interpolated(YAML(typ="safe").load(FILE.read_text()))
    return document


def _interpolated(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _interpolated(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(item) for item in node]
    return _VARIABLE.sub(_value, node) if isinstance(node, str) else node


def _value(match: re.Match[str]) -> str:
    return match[3] if match[2] else f"x-{match[1].lower()}"


SERVICES: dict[str, dict[str, Any]] = interpolated()["services"]
