"""What both vendors demand of the JSON schema of a structured answer."""

from typing import Any

_UNSUPPORTED = ("minLength", "maxLength", "minimum", "maximum", "multipleOf", "maxItems", "default", "prefixItems")


def complaint_about(schema: dict[str, Any]) -> str | None:
    """Why a vendor would answer 400 to this schema; None where none would.

    The stricter of the two counts: OpenAI wants every property required, Anthropic knows no bounds; both want objects
    closed and no defaults.
    """
    for part in [schema, *schema.get("$defs", {}).values()]:
        if complaint := _complaint(part):
            return complaint
    return None


def _complaint(schema: dict[str, Any]) -> str | None:
    if found := [word for word in _UNSUPPORTED if word in schema]:
        return f"{found[0]} is not supported"
    properties: dict[str, Any] = schema.get("properties", {})
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        if set(schema.get("required", ())) != set(properties):
            return "'required' is required to be an array including every key in properties"
    children = [*properties.values(), *([schema["items"]] if "items" in schema else [])]
    return next((complaint for child in children if (complaint := _complaint(child))), None)
