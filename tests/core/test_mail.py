"""Mail as it arrives: at a real SMTP server, in files, on stderr."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from importlib.resources import files

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from aiosmtplib import SMTPException

from tenantry.core.mail import Mail, Undeliverable, render, sender
from tests.core.letters import FACTS, MAIL, ROBOT, parts, read


class Postmaster:
    """The far end: keeps what arrives, refuses recipients named like reply codes."""

    def __init__(self, *, eight_bit: bool) -> None:
        self.url = ""
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[str, str]] = []
        self.eight_bit = eight_bit

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name for it
        self, _server: SMTP, session: Session, _envelope: Envelope, host: str, offers: list[str]
    ) -> list[str]:
        session.host_name = host
        return [offer for offer in offers if self.eight_bit or "8BITMIME" not in offer]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _more: list[str]
    ) -> str:
        if re.match(r"[45]\d\d@", address):
            return f"{address[:3]} {address[0]}.1.1 no mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.envelopes.append(envelope)
        return "250 Accepted"

    async def handle_QUIT(  # noqa: N802 - aiosmtpd's name for it
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        return "421 Accepted is accepted, however the goodbye goes"

    def check_login(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, who: LoginPassword
    ) -> AuthResult:
        self.logins.append((who.login.decode(), who.password.decode()))
        return AuthResult(success=True)


def arrived(postmaster: Postmaster) -> EmailMessage:
    """The one message that did."""
    [envelope] = postmaster.envelopes
    assert isinstance(envelope.content, bytes)
    return read(envelope.content)


@asynccontextmanager
async def smtp_server(
    *, tls: ssl.SSLContext | None = None, utf8: bool = True, eight_bit: bool = True
) -> AsyncIterator[Postmaster]:
    postmaster = Postmaster(eight_bit=eight_bit)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            postmaster,
            hostname="localhost",
            enable_SMTPUTF8=utf8,
            authenticator=postmaster.check_login,
            auth_require_tls=False,
            loop=loop,
        ),
        "127.0.0.1",
        0,
        ssl=tls,
    )
    postmaster.url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield postmaster


async def test_text_and_html_arrive() -> None:
    mail = render("set_password", "ada@example.com", **FACTS)
    async with smtp_server() as postmaster:
        await sender(f"smtp://{postmaster.url}", ROBOT).send(mail)
    letter = arrived(postmaster)
    assert parts(letter) == [("text/plain", mail.text), ("text/html", mail.html)]
    assert letter.get_content_type() == "multipart/alternative"
    assert letter["From"] == ROBOT
    assert letter["To"] == "ada@example.com"
    assert letter["Subject"] == mail.subject
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].endswith("@acme.example>")
    assert parsedate_to_datetime(letter["Date"]).year > 2000
    [envelope] = postmaster.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("robot@acme.example", ["ada@example.com"])


async def test_a_server_of_the_seven_bit_age_gets_ascii() -> None:
    mail = render("set_password", "ada@example.com", **FACTS)
    async with smtp_server(utf8=False, eight_bit=False) as postmaster:
        await sender(f"smtp://{postmaster.url}", ROBOT).send(mail)
    [envelope] = postmaster.envelopes
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()
    assert parts(arrived(postmaster)) == [("text/plain", mail.text), ("text/html", mail.html)]


async def test_an_address_may_have_letters_of_any_language() -> None:
    mail = Mail("søren@bücher.example", "Hej", "Hej\n", "<p>Hej</p>\n")
    async with smtp_server() as postmaster:
        await sender(f"smtp://{postmaster.url}", ROBOT).send(mail)
        assert postmaster.envelopes[0].rcpt_tos == ["søren@bücher.example"]
        assert arrived(postmaster)["To"] == "søren@bücher.example"
    async with smtp_server(utf8=False) as old_fashioned:
        with pytest.raises(SMTPException, match="SMTPUTF8"):
            await sender(f"smtp://{old_fashioned.url}", ROBOT).send(mail)
    assert not old_fashioned.envelopes


async def test_user_and_password_are_given() -> None:
    async with smtp_server() as postmaster:
        by_mail = sender(f"smtp://robot%40acme:p%2Fw%C3%A9@{postmaster.url}", ROBOT)
        await by_mail.send(MAIL)
    assert postmaster.logins == [("robot@acme", "p/wé")]
    assert "p/w" not in repr(by_mail)


async def test_a_header_in_a_subject_is_refused() -> None:
    async with smtp_server() as postmaster:
        with pytest.raises(ValueError, match="linefeed"):
            await sender(f"smtp://{postmaster.url}", ROBOT).send(
                Mail("ada@example.com", "Hello\r\nBcc: eve@evil.example", "", "")
            )
    assert not postmaster.envelopes


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "ada@example.com, eve@evil.example",
        "ada@example.com\r\nBcc: eve@evil.example",
        "ada@example.com> SIZE=1",
        "ada @example.com",
        "ada..b@example.com",
        "=?utf-8?q?eve=40evil.example=3e=20?=@example.com",
    ],
)
async def test_what_is_no_address_is_undeliverable(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Undeliverable, match="not a mail address"):
        await sender("log:", ROBOT).send(Mail(address, "Hello", "", ""))
    assert not capsys.readouterr().err


async def test_a_refused_recipient_is_undeliverable() -> None:
    async with smtp_server() as postmaster:
        with pytest.raises(Undeliverable, match=r"550 5\.1\.1 no mailbox here"):
            await sender(f"smtp://{postmaster.url}", ROBOT).send(
                Mail("550@example.com", "Hello", "", "")
            )


async def test_a_recipient_refused_for_now_may_be_tried_again() -> None:
    async with smtp_server() as postmaster:
        with pytest.raises(SMTPException):
            await sender(f"smtp://{postmaster.url}", ROBOT).send(
                Mail("451@example.com", "Hello", "", "")
            )


async def test_an_absent_server_may_be_tried_again() -> None:
    async with smtp_server() as postmaster:
        pass
    with pytest.raises(ConnectionError):
        await sender(f"smtp://{postmaster.url}", ROBOT).send(MAIL)


async def test_starttls_is_insisted_on() -> None:
    async with smtp_server() as postmaster:
        with pytest.raises(SMTPException, match="STARTTLS"):
            await sender(f"smtp+starttls://robot:secret@{postmaster.url}", ROBOT).send(MAIL)
    assert not postmaster.logins
    assert not postmaster.envelopes


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    certificate = files("aiosmtpd.tests.certs")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(str(certificate / "server.crt"), str(certificate / "server.key"))
    async with smtp_server(tls=tls) as postmaster:
        with pytest.raises(ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            await sender(f"smtps://robot:secret@{postmaster.url}", ROBOT).send(MAIL)
    assert not postmaster.logins
