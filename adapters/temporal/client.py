"""Temporal's client, configured as Temporal's own command line is: by `TEMPORAL_*` variables or its config file."""

import asyncio
import logging
from datetime import timedelta

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError

from adapters.temporal.request_ids import RequestIdInterceptor
from schemas.errors import TemporalUnavailable

_LOGGER = logging.getLogger("temporalio.core")
_DEFAULT_ADDRESS = "127.0.0.1:7233"


def _runtime() -> Runtime:
    # The core prints its log to standard output by default, into the middle of our JSON; it goes to the log instead.
    forwarding = LogForwardingConfig(logger=_LOGGER)
    filters = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(
        telemetry=TelemetryConfig(logging=LoggingConfig(filter=filters, forwarding=forwarding)),
        worker_heartbeat_interval=timedelta(seconds=10),
    )


async def connect_temporal(*, patience_seconds: float = 0, lazy: bool = False) -> Client:
    """Connect, waiting up to `patience_seconds` for a server that is still starting.

    Raises: TemporalUnavailable.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", _DEFAULT_ADDRESS)
    runtime = _runtime()
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while True:
        try:
            return await Client.connect(
                **config,
                data_converter=pydantic_data_converter,
                interceptors=[RequestIdInterceptor()],
                runtime=runtime,
                lazy=lazy,
            )
        except (RuntimeError, RPCError) as error:
            if asyncio.get_running_loop().time() >= deadline:
                where = config["target_host"]
                raise TemporalUnavailable(f"the Temporal server at {where} cannot be reached") from error
            await asyncio.sleep(0.05)
