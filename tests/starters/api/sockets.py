"""Clients that are no HTTP client: they send what they like, and read when they like."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.starters.api.gateway import Gateway


@asynccontextmanager
async def connected(gateway: Gateway) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.close()


async def status_after(gateway: Gateway, sent: bytes, seconds: float = 5) -> int:
    """The status of the answer to what was sent, which need be no whole request."""
    async with connected(gateway) as (reader, writer):
        writer.write(sent)
        line = await asyncio.wait_for(reader.readline(), seconds)
        return int(line.split()[1])
