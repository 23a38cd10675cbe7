"""Webhooks: what others tell us, believed by its signature alone."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field
from starlette.requests import Request

from adapters.postgres.webhooks import WebhookInbox
from schemas.errors import SignatureRefused
from schemas.ids import creator_id
from schemas.webhooks import WebhookOutcome
from starters.api.calling import ResourcesDep
from starters.api.limiting import hold_to_limit
from starters.api.signals import REFUSED_SIGNATURES

_LOGGER = logging.getLogger(__name__)
_EXAMPLE = {
    "id": "msg_2Yx", "type": "membership.activated", "timestamp": "2026-11-02T10:00:00Z", "company_id": "biz_h0UKqlfU",
    "data": {"id": "mem_1", "status": "active", "user": {"id": "user_1"}, "renewal_period_end": "2026-12-02T10:00:00Z"},
}  # fmt: skip
# The body is read as bytes, because the signature is over them; this is for the contract.
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
    }
}

router = APIRouter(prefix="/api/webhooks", tags=["whop"])


class WebhookTaken(BaseModel):
    """What became of the webhook. Whoever gets this need not send it again."""

    id: str
    outcome: WebhookOutcome = Field(description="`outdated`: newer is known; `recorded`: nothing depends on it")


@router.post("/whop", openapi_extra=_BODY)
async def whop(
    request: Request,
    resources: ResourcesDep,
    webhook_id: Annotated[str, Header()] = "",
    webhook_timestamp: Annotated[str, Header(description="Seconds since 1970.")] = "",
    webhook_signature: Annotated[str, Header(description="`v1,` and a base64 HMAC; several, with blanks.")] = "",
) -> WebhookTaken:
    """Take a signed webhook of Whop's (Standard Webhooks). The same id again gets the first answer."""
    from adapters.webhooks import read_event, verify  # noqa: PLC0415  the SDK loads with the first webhook

    body = await request.body()
    headers = {
        "webhook-id": webhook_id, "webhook-timestamp": webhook_timestamp, "webhook-signature": webhook_signature,
    }  # fmt: skip
    try:
        verify(body, headers, resources.settings.whop_webhook_secrets)
    except SignatureRefused:
        REFUSED_SIGNATURES.labels("whop").inc()
        _LOGGER.warning("refused a webhook in Whop's name, of %d bytes", len(body))
        await hold_to_limit(request, resources.limits, None)
        raise
    event = read_event(body, webhook_id)
    outcome = await WebhookInbox(resources.database).accept(event)
    if event.company is not None:
        await resources.remembered.forget_members(creator_id(event.company))
    return WebhookTaken(id=event.id, outcome=outcome)
