"""What stands before a server in a deployment: it speaks TLS, and says so to who is behind it.

    with tls_proxy(tmp_path) as proxy:
        proxy.behind = 8080
        trust = ssl.create_default_context(cafile=proxy.certificate)
        httpx.get(f"https://localhost:{proxy.port}/", verify=trust)

One request a connection; the certificate is signed by itself, for `localhost`.
"""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_NAME = "localhost"
_SPOKEN_FOR = (b"connection:", b"x-forwarded-for:", b"x-forwarded-host:", b"x-forwarded-proto:")


@dataclass
class TlsProxy:
    """A running proxy; whom it asks may be said later."""

    certificate: str
    port: int = 0
    behind: int = 0
    """The port of the server behind it."""

    async def serve(self, visitor: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
        """Hand one request on, and the answer back."""
        with closing(answering):
            try:
                head = await visitor.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):  # a browser's spare connection
                return
            first, *lines = head[:-4].split(b"\r\n")
            kept = [one for one in lines if not one.lower().startswith(_SPOKEN_FOR)]
            address = str(answering.get_extra_info("peername")[0]).encode()
            kept += [b"X-Forwarded-Proto: https", b"X-Forwarded-For: " + address]
            server, asking = await asyncio.open_connection("127.0.0.1", self.behind)
            with closing(asking):
                asking.write(b"\r\n".join([first, *kept, b"Connection: close", b"", b""]))
                asking.write(await visitor.readexactly(_length(lines)))
                answering.write(await server.read())
            await answering.drain()


def _length(lines: list[bytes]) -> int:
    given = [one for one in lines if one.lower().startswith(b"content-length:")]
    return int(given[0].partition(b":")[2]) if given else 0


def _sign(folder: Path) -> tuple[str, str]:
    """A certificate and its key, in files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    texts = {
        "certificate.pem": certificate.public_bytes(pem),
        "key.pem": key.private_bytes(pem, kind, serialization.NoEncryption()),
    }
    for file, text in texts.items():
        (folder / file).write_bytes(text)
    return str(folder / "certificate.pem"), str(folder / "key.pem")


@contextmanager
def tls_proxy(folder: Path) -> Iterator[TlsProxy]:
    """A proxy for as long as the block lasts, on a thread of its own."""
    certificate, key = _sign(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    proxy, loop, is_ready = TlsProxy(certificate), asyncio.new_event_loop(), Event()

    async def run(stop: asyncio.Event) -> None:
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=context) as server:
            proxy.port = server.sockets[0].getsockname()[1]
            is_ready.set()
            await stop.wait()

    stop = asyncio.Event()
    thread = Thread(target=loop.run_until_complete, args=(run(stop),))
    thread.start()
    is_ready.wait()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
