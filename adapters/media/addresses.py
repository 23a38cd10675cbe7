"""Which addresses on the internet we fetch from. One parser decides and connects, so that two cannot disagree."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx2

from schemas.errors import DownloadInterrupted, UrlRefused

MAX_URL_LENGTH = 2_000
# A host's addresses, in the order in which to try them. Raises OSError.
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
# A last label like these makes browsers and C libraries read the whole host as a number: 2130706433 and 0x7f.1 are
# 127.0.0.1.
_NUMBER = re.compile(r"\d+\Z|0x[0-9a-f]*\Z")
_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}  # musl lacks the second
# Ours instead of `is_global`, whose answers changed between Python 3.11.9 and 3.13 for several of these.
_V4_NOT_PUBLIC = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
_V6_PUBLIC = ipaddress.IPv6Network("2000::/3")  # all that is handed out; mapped IPv4 (::ffff:0:0/96) lies outside
_V6_NOT_PUBLIC = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # where a network has only IPv6, this is how it sees IPv4


@dataclass(frozen=True)
class Place:
    """One address as written, judged, and the numbers to connect to: they are never looked up again."""

    url: httpx2.URL
    host: str
    numbers: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The Host header's value."""
        return self.url.netloc.decode("ascii")


async def find_place(url: httpx2.URL | str, allowed_hosts: Sequence[str], resolve: Resolver) -> Place:
    """Where `url` leads; `allowed_hosts` (`host` or `host:port`) may be plain http and private.

    Raises: UrlRefused (permanent), DownloadInterrupted where the name cannot be looked up now (transient).
    """
    parsed = _parsed(url)
    host = parsed.raw_host.decode("ascii")
    port = parsed.port or {"https": 443, "http": 80}.get(parsed.scheme, 0)
    if host in allowed_hosts or f"{host}:{port}" in allowed_hosts:
        if parsed.scheme not in {"http", "https"}:
            raise UrlRefused("only https addresses are fetched")
        return Place(parsed, host, tuple(await _looked_up(host, port, resolve)))
    if parsed.scheme != "https":
        raise UrlRefused("only https addresses are fetched")
    if not 0 < port < 65_536:
        raise UrlRefused("the address has no such port")
    numbers = (host,) if _is_number(host) else await _looked_up(host, port, resolve)
    if not all(map(is_public, numbers)):
        raise UrlRefused(f"{host} is not a host on the public internet")
    return Place(parsed, host, tuple(numbers))


def _parsed(url: httpx2.URL | str) -> httpx2.URL:
    if len(str(url)) > MAX_URL_LENGTH:
        raise UrlRefused(f"the address is longer than {MAX_URL_LENGTH} characters")
    try:
        parsed = httpx2.URL(url)
        port = parsed.port
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise UrlRefused("the address cannot be read") from None
    if parsed.userinfo or "@" in parsed.netloc.decode("ascii"):
        raise UrlRefused("an address must not contain a user name")
    if port == 0:
        raise UrlRefused("the address has no such port")
    return parsed


def _is_number(host: str) -> bool:
    """Whether the host is a plain IP address. Raises: UrlRefused where it is neither that nor a name."""
    try:
        ipaddress.ip_address(host.replace("%", " "))  # no interface behind it: those are for this machine's networks
        return True
    except ValueError:
        if not _HOST.match(host) or _NUMBER.match(host.rpartition(".")[2]):
            raise UrlRefused("the address names no host that can be on the public internet") from None
        return False


async def _looked_up(host: str, port: int, resolve: Resolver) -> Sequence[str]:
    try:
        if numbers := await resolve(host, port):
            return numbers
        raise UrlRefused(f"{host} has no address")
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_HOST:
            raise UrlRefused(f"there is no host called {host}") from None
        raise DownloadInterrupted(f"{host} cannot be looked up now") from error
    except (OSError, UnicodeError) as error:
        raise DownloadInterrupted(f"{host} cannot be looked up now") from error


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """The machine's own resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(number: str) -> bool:
    """Whether an IP address is one that anybody on the internet can reach, and is what it looks like."""
    try:
        address = ipaddress.ip_address(number)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _V4_NOT_PUBLIC)
    if address in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
    return address in _V6_PUBLIC and not any(address in network for network in _V6_NOT_PUBLIC)
