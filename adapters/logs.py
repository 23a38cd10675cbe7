"""Structured logs: one JSON object a line on standard error, with a time, a level, a logger and the facts."""

import logging
import sys

import structlog
from structlog.typing import Processor

from adapters.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Send every logger's lines through structlog. Call once per process."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for noisy in ("httpx2", "httpcore2", "openai", "anthropic", "faster_whisper", "temporalio.activity"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
