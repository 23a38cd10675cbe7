"""A web server that does as it is told, over real sockets, with or without TLS."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Seen:
    """One request: its path and its headers, in lower case."""

    path: str
    headers: dict[str, str]
    server_name: str | None


Behaviour = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class WebServer:
    """Answers every request by `behave` and remembers it."""

    host: str
    port: int
    behave: Behaviour
    seen: list[Seen] = field(default_factory=list)

    @property
    def authority(self) -> str:
        return f"{self.host}:{self.port}"


@asynccontextmanager
async def web_server(behave: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[WebServer]:
    """On a free port of the loopback interface."""
    names: list[str | None] = []
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: names.append(name)
    served = WebServer("127.0.0.1", 0, behave)

    running: list[asyncio.Task[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.append(task)
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}
            request = Seen(first.split(" ")[1], headers, names[-1] if names else None)
            served.seen.append(request)
            await served.behave(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:  # since Python 3.12 a server waits for its connections, and some behaviours never end by themselves
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def head(status: str, **headers: str | int) -> bytes:
    """A status line and headers; `Content_Length` becomes Content-Length."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def answers(status: str, body: bytes = b"", **headers: str | int) -> Behaviour:
    """Always the same."""

    async def behave(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, Content_Length=len(body), **headers) + body)

    return behave


@dataclass
class File:
    """A file that can be continued, and whose connection breaks after `cut` bytes as often as `cuts` says."""

    content: bytes
    etag: str | None = '"one"'
    last_modified: str | None = None
    cut: int = 0
    cuts: int = 0
    heeds_if_range: bool = True

    async def __call__(self, request: Seen, writer: asyncio.StreamWriter) -> None:
        headers: dict[str, str | int] = {}
        if self.etag:
            headers["ETag"] = self.etag
        if self.last_modified:
            headers["Last_Modified"] = self.last_modified
        start = self._start(request)
        if start is not None and start >= len(self.content):
            writer.write(head("416 Range Not Satisfiable", Content_Length=0))
            return
        body = self.content[start or 0 :]
        if start is not None:
            headers["Content_Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        writer.write(head("200 OK" if start is None else "206 Partial Content", Content_Length=len(body), **headers))
        if self.cuts > 0:
            self.cuts -= 1
            body = body[: self.cut]
        writer.write(body)

    def _start(self, request: Seen) -> int | None:
        asked = request.headers.get("range")
        same = request.headers.get("if-range") in {self.etag, self.last_modified} or not self.heeds_if_range
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked and same else None


def certified(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `names`, and the context of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = [_alternative(n) for n in names]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
