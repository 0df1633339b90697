"""Asking servers that customers name: what these may answer, and where they may stand."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tenantry.areas.federation.fetching import (
    Failed,
    Question,
    checked_addresses,
    checked_url,
    fetch,
    is_reachable,
    tls_context,
)
from tenantry.areas.federation.pinned_connection import exchange
from tenantry.core.addresses import parse_networks

HERE = "127.0.0.1/32"


@asynccontextmanager
async def saying(
    *parts: bytes, closes: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """A server that says this to everybody, and then hangs up or does not; its address."""
    waiting: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        waiting.append(writer)
        for part in parts:
            writer.write(part)
        try:
            await writer.drain()
        except ConnectionError:
            return
        if closes:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/x"
        for writer in waiting:
            writer.close()


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("0.1.2.3", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("::10.0.0.1", False),
        ("::93.184.215.14", False),
        ("::ffff:0:10.0.0.1", False),
        ("::ffff:0:93.184.215.14", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::169.254.169.254", False),
        ("64:ff9b::93.184.215.14", True),
        ("64:ff9b:1::93.184.215.14", False),
        ("2002:a00:1::", False),
        ("2001:0:a00:1::", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("5f00::1", False),
        ("192.0.0.192", False),
        ("168.63.129.16", False),
    ],
)
def test_only_the_public_internet_is_asked(address: str, may: bool) -> None:  # noqa: FBT001 - the example
    assert is_reachable(address, ()) is may


def test_an_operators_own_networks_may_be_asked() -> None:
    networks = parse_networks("10.1.0.0/16, fd00::/8")
    assert is_reachable("10.1.2.3", networks)
    assert is_reachable("::ffff:10.1.2.3", networks)
    assert is_reachable("64:ff9b::10.1.2.3", networks)
    assert is_reachable("fd00::1", networks)
    assert not is_reachable("10.2.0.1", networks)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.com",
        "http://127.0.0.1:1",
        "http://localhost",
        "ftp://login.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:secret@login.example.com",
        "https://login.example.com/#fragment",
        "https://login.example.com:port",
        "https://login.example.com/\r\nHost: evil.example",
        "https://[::1",
        "javascript:alert(1)",
        "//login.example.com",
        "",
        "https://login.example.com/" + "x" * 3000,
    ],
)
def test_only_addresses_over_tls_are_asked(url: str) -> None:
    with pytest.raises(Failed):
        checked_url(url, "10.0.0.0/8")


def test_without_tls_only_this_machine_is_asked_where_that_is_allowed() -> None:
    assert checked_url("http://localhost:8080/x", HERE).port == 8080
    for url in ("http://10.0.0.1", "http://login.example.com", "http://[::1]"):
        with pytest.raises(Failed, match="https"):
            checked_url(url, f"{HERE}, 10.0.0.0/8")


@pytest.mark.parametrize(
    ("host", "networks"),
    [("127.0.0.1", ""), ("localhost", ""), ("2130706433", ""), ("0x7f.1", ""), ("127.1", "")],
)
async def test_no_spelling_of_a_private_address_is_asked(host: str, networks: str) -> None:
    with pytest.raises(Failed, match=r"not on the public internet|can't be found"):
        await fetch(networks, Question(f"https://{host}:1/"))


PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.1"


@pytest.mark.parametrize("addresses", [[PUBLIC, PRIVATE], [PRIVATE, PUBLIC], [PRIVATE]])
def test_a_name_that_leads_to_both_sides_is_not_asked(addresses: list[str]) -> None:
    with pytest.raises(Failed, match="not on the public internet"):
        checked_addresses("login.example.com", addresses, ())


def test_every_address_of_a_name_may_be_asked_or_none() -> None:
    both = [PUBLIC, PRIVATE]
    assert checked_addresses("login.example.com", both, parse_networks("10.0.0.0/8")) == both
    # Where this machine has it twice, one that the operator named is enough.
    here = checked_addresses("localhost", ["::1", "127.0.0.1"], parse_networks(HERE))
    assert here == ["127.0.0.1"]


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n"], "status 302"),
        ([OK, b"Content-Length: 9999999\r\n\r\n", b"x" * 400_000], "more than 256 KiB"),
        ([OK, b"Transfer-Encoding: chunked\r\n\r\n", b"fffff\r\n" + b"x" * 500_000], "more than"),
        ([OK, b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"], "not asked for"),
        ([OK, b"Content-Length: 10\r\n\r\nx"], "broke the connection off"),
        ([OK, b"X: " + b"x" * 300_000], "broke the connection off"),
        ([b"SSH-2.0-OpenSSH\r\n"], "broke the connection off"),
        ([b""], "broke the connection off"),
    ],
)
async def test_a_hostile_answer_is_refused(parts: list[bytes], why: str) -> None:
    async with saying(*parts) as url:
        with pytest.raises(Failed, match=why):
            await fetch(HERE, Question(url))


async def test_a_name_is_looked_up_once() -> None:
    """So it can't point elsewhere by the time of the connection (DNS rebinding)."""
    async with saying(OK, b"Content-Length: 2\r\n\r\n{}") as url:
        question = Question(url.replace("127.0.0.1", "name.invalid"))
        answer = await exchange(question, {}, ["127.0.0.1"], tls_context(), 100)
    assert answer[0] == 200


async def test_who_keeps_silent_is_not_waited_for() -> None:
    async with saying(OK, closes=False) as url:
        with pytest.raises(Failed, match="did not answer in time"):
            await fetch(HERE, Question(url))


async def test_who_is_not_there_is_told_so() -> None:
    async with saying(b"") as url:
        pass
    with pytest.raises(Failed, match="could not be reached"):
        await fetch(HERE, Question(url))


def _self_signed(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "server.pem"
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_who_vouches_for_himself_is_not_believed(tmp_path: Path) -> None:
    async with saying(OK, tls=_self_signed(tmp_path)) as url:
        with pytest.raises(Failed, match="a certificate that is not trusted"):
            await fetch(HERE, Question(url.replace("http://127.0.0.1", "https://localhost")))
