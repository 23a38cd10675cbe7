"""One gateway process, from its first port to its last answer."""

import logging
import socket

import uvicorn
from fastapi import FastAPI

from adapters.readiness import say_ready
from adapters.settings import Settings
from starters.api.app import create_app
from starters.api.connections import Connection
from starters.api.envelope import is_ended
from starters.api.resources import Resources

_GRACE_SECONDS = 4  # then what is not answered yet is told to come again, and what is being answered is cut


class _Server(uvicorn.Server):
    """Tells the supervisor when it listens, and its streams when it is to end."""

    def __init__(self, config: uvicorn.Config, resources: Resources) -> None:
        super().__init__(config)
        self._resources = resources

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            say_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._resources.end_streams()
        await super().shutdown(sockets)


async def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT."""
    resources = Resources(settings)
    await _Server(configuration(create_app(resources), settings), resources).serve()


def configuration(app: FastAPI, settings: Settings, connection: type[Connection] = Connection) -> uvicorn.Config:
    """How the HTTP server treats its connections, and what it says."""
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        loop="none",
        http=connection,
        ws="none",
        log_config=None,
        access_log=False,  # the envelope's line says more
        server_header=False,
        date_header=True,
        timeout_keep_alive=75,  # above a load balancer's usual 60
        timeout_graceful_shutdown=_GRACE_SECONDS,
        proxy_headers=False,
    )


def _is_news(record: logging.LogRecord) -> bool:
    """Whether it is no request that uvicorn itself has ended: it tells of each like of a bug; of how many, before."""
    error = record.exc_info[1] if record.exc_info else None
    return error is None or not is_ended(error)
