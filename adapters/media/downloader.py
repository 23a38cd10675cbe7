"""Fetches a creator's https address, trusting nothing about it."""

import asyncio
import errno
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import httpx2

from adapters.media.addresses import Place, Resolver, find_place, resolve_by_system
from adapters.media.answers import agree_on_start, raise_unless_file, range_headers, redirect_of
from adapters.media.partial_file import PartialFile
from schemas.errors import (
    DownloadInterrupted,
    DownloadRefused,
    DownloadTooLarge,
    PermanentError,
    StorageFull,
    UrlRefused,
)

MAX_REDIRECTS = 3
IDLE_SECONDS = 30.0  # without one byte; the total time-out is what ends a server that drips
_CONNECT_SECONDS = 10.0
_ADDRESSES_TRIED = 3
_BLOCK_BYTES = 1 << 20


class HttpsDownloader:
    """Connects only to public hosts, to the very address that was judged, and looks at no proxy's settings."""

    def __init__(
        self,
        max_bytes: int,
        timeout_seconds: float,
        allowed_hosts: Sequence[str] = (),
        *,
        resolve: Resolver = resolve_by_system,
        tls: ssl.SSLContext | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`allowed_hosts` (`host` or `host:port`) are fetched though they are private or plain http."""
        self._max_bytes = max_bytes
        self._timeout_seconds = timeout_seconds
        self._allowed_hosts = tuple(host.lower() for host in allowed_hosts)
        self._resolve = resolve
        self._tls = tls
        self._timeout = httpx2.Timeout(idle_seconds, connect=_CONNECT_SECONDS)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Made once: reading the authorities' certificates takes as long as a short download."""
        return self._tls or httpx2.create_ssl_context(trust_env=False)

    async def download(self, url: str, target: Path, on_bytes: Callable[[float], None]) -> None:
        """See `Downloader`. Bytes of an attempt that failed stay beside `target` for the next one.

        No message repeats the address: a signed one is a secret.
        """
        if await asyncio.to_thread(target.exists):
            return
        try:
            async with asyncio.timeout(self._timeout_seconds):
                with PartialFile(target) as partial:
                    await self._fetch(url, partial, on_bytes)
        except TimeoutError:
            raise DownloadInterrupted(f"the download took more than {self._timeout_seconds:g} seconds") from None
        except httpx2.TransportError as error:
            raise DownloadInterrupted(f"the connection broke ({type(error).__name__})") from error
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull("the disk filled up during a download") from error
            raise

    async def _fetch(self, url: str, partial: PartialFile, on_bytes: Callable[[float], None]) -> None:
        if partial.is_whole:  # killed between the last byte and its name
            await asyncio.to_thread(partial.complete)
            return
        here: httpx2.URL | str = url
        try:
            for _ in range(MAX_REDIRECTS + 1):
                place = await find_place(here, self._allowed_hosts, self._resolve)
                elsewhere = await self._visit(place, partial, on_bytes)
                if elsewhere is None:
                    return
                here = elsewhere
            raise DownloadRefused(f"the address redirects more than {MAX_REDIRECTS} times")
        except PermanentError:
            await asyncio.to_thread(partial.discard)
            raise

    async def _visit(self, place: Place, partial: PartialFile, on_bytes: Callable[[float], None]) -> httpx2.URL | None:
        """Complete the file, or return where else it is said to be."""
        # A client per visit: a connection kept for one name must not serve another name at the same address.
        async with httpx2.AsyncClient(verify=self._context, trust_env=False, timeout=self._timeout) as client:
            response = await _open(client, place, range_headers(partial))
            try:
                if (elsewhere := redirect_of(response)) is not None:
                    return _joined(place.url, elsewhere)
                raise_unless_file(response)
                total = agree_on_start(response, partial)
                self._check_size(total or 0)
                await self._receive(response, partial, on_bytes)
            finally:
                await response.aclose()
        if total is not None and partial.size != total:
            raise DownloadInterrupted("the server ended before the end of the file")
        await asyncio.to_thread(partial.complete)
        return None

    async def _receive(
        self, response: httpx2.Response, partial: PartialFile, on_bytes: Callable[[float], None]
    ) -> None:
        waiting = bytearray()
        done = partial.size
        try:
            async for block in response.aiter_raw():
                done += len(block)
                self._check_size(done)
                waiting += block
                if len(waiting) >= _BLOCK_BYTES:
                    ready, waiting = bytes(waiting), bytearray()
                    await asyncio.to_thread(partial.write, ready)
                    on_bytes(done)
        finally:
            partial.write(waiting)  # also after a cut: it is what the next attempt does not fetch again
        on_bytes(done)

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise DownloadTooLarge(f"the file is larger than {self._max_bytes:,} bytes")


async def _open(client: httpx2.AsyncClient, place: Place, headers: dict[str, str]) -> httpx2.Response:
    """The answer's beginning, from the first address that accepts a connection."""
    *others, last = place.numbers[:_ADDRESSES_TRIED]
    for number in others:
        with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
            return await client.send(_request(client, place, number, headers), stream=True)
    try:
        return await client.send(_request(client, place, last, headers), stream=True)
    except httpx2.ConnectError as error:
        if _has_bad_certificate(error):
            raise DownloadRefused(f"{place.host} has no valid certificate") from error
        raise


def _request(client: httpx2.AsyncClient, place: Place, number: str, headers: dict[str, str]) -> httpx2.Request:
    """To the judged address, in the name that was asked for: Host for the server, SNI and certificate for TLS."""
    return client.build_request(
        "GET",
        place.url.copy_with(host=number),
        headers={"Host": place.authority, "Accept": "*/*", "Accept-Encoding": "identity", **headers},
        extensions={"sni_hostname": place.host},
    )


def _has_bad_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _joined(url: httpx2.URL, location: str) -> httpx2.URL:
    try:
        return url.join(location)
    except (httpx2.InvalidURL, ValueError):
        raise UrlRefused("the server redirects to an address that cannot be read") from None
