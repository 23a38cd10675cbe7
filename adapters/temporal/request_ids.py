"""One request id through a story: into its memo, along its headers, and onto every line that its steps log.

Whoever starts a story binds `request_id` in structlog's context; a client with this interceptor does the rest, and so
does every worker that is made with that client.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import structlog
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.client import OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.converter import PayloadConverter
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    StartChildWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle, ChildWorkflowHandle

KEY = "request_id"
_CONVERTER = PayloadConverter.default
_LOGGER = logging.getLogger(__name__)


class RequestIdInterceptor(ClientInterceptor, Interceptor):
    """Give it to the client; the client's workers have it too."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002
        """Stories start with the id."""
        return _Starts(super().intercept_client(next))

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Steps log it."""
        return _Step(super().intercept_activity(next))

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002, ARG002
        """Stories hand it on."""
        return _Story


class _Starts(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
        if request_id := structlog.contextvars.get_contextvars().get(KEY):
            memo = {**(input.memo or {}), KEY: request_id}
            headers = {**input.headers, KEY: _CONVERTER.to_payload(request_id)}
            return await super().start_workflow(replace(input, memo=memo, headers=headers))
        return await super().start_workflow(input)


class _Story(WorkflowInboundInterceptor):
    """Inside the sandbox: the payload is handed on as it came."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        self._outbound = _Steps(outbound)
        super().init(self._outbound)

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        self._outbound.carried = {key: payload for key, payload in input.headers.items() if key == KEY}
        return await super().execute_workflow(input)


class _Steps(WorkflowOutboundInterceptor):
    carried: Mapping[str, Payload] = {}

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002
        return super().start_activity(replace(input, headers={**input.headers, **self.carried}))

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> ChildWorkflowHandle[Any, Any]:  # noqa: A002
        return await super().start_child_workflow(replace(input, headers={**input.headers, **self.carried}))


class _Step(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        with _bound(input.headers), _told():
            return await super().execute_activity(input)


@contextmanager
def _bound(headers: Mapping[str, Payload]) -> Iterator[None]:
    info = activity.info()
    facts: dict[str, Any] = {"workflow_id": info.workflow_id, "step": info.activity_type, "attempt": info.attempt}
    if KEY in headers:
        facts[KEY] = str(_CONVERTER.from_payload(headers[KEY], str))
    with structlog.contextvars.bound_contextvars(**facts):
        yield


@contextmanager
def _told() -> Iterator[None]:
    """One line a step and attempt: how it ended, by name only."""
    began, ended = time.perf_counter(), "broken off"
    try:
        yield
        ended = "done"
    except ApplicationError as error:
        ended = error.type or "failed"
        raise
    finally:
        _LOGGER.info("%s: %s in %.0f ms", activity.info().activity_type, ended, (time.perf_counter() - began) * 1_000)
