"""Mail: what people are told, rendered from templates, and the ways it leaves the house.

    mail = render("reset_password", user.login, product_name="Acme Edge", …)
    await sender("smtps://robot:secret@mail.example.com", "Acme <no-reply@example.com>").send(mail)

A new mail is three new files in `templates/`: its subject, its text and its html.
"""

import asyncio
import contextlib
import re
import secrets
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tenantry.core.clock import system_clock

_Delivery = Callable[[EmailMessage], Awaitable[None]]

_CONNECT_SECONDS, _TOTAL_SECONDS, _QUIT_SECONDS = 10, 30, 2
_TLS = {"smtp": {}, "smtp+starttls": {"start_tls": True}, "smtps": {"use_tls": True}}
_EXPECTED = (
    "TENANTRY_MAIL must be smtp://, smtp+starttls:// or smtps:// and [user:password@]host[:port]"
    " (special characters percent-encoded), or file:DIRECTORY, or log:"
)
_TEMPLATES = Environment(
    loader=PackageLoader("tenantry.core"),
    autoescape=select_autoescape(disabled_extensions=("subject.j2", "text.j2"), default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)

# RFC 5322 §3.4.1 without quoted names and literal hosts, RFC 6531 §3.3 with its letters. Not the
# library's parser: that decodes `=?…?=` inside an address, which so becomes another one, glues
# broken lines together, and fails in many ways on what is no address.
_ATOM = r'[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,."]+'
_SPEC = rf"(?!.*=\?)({_ATOM}(?:\.{_ATOM})*)@({_ATOM}(?:\.{_ATOM})*)"
_NAMED = re.compile(rf'"?([^"<>\x00-\x1f\x7f-\x9f]*?)"? *<{_SPEC}>')

# Before a letter a dot makes a host of a name, and programs that show mail a link of that.
_LINKING = re.compile(r"(?<=\S)[.\u3002\uff0e\uff61](?=[^\W\d_])|:(?=//)")
_ADDRESSES = {"challenge", "checkpoint", "dns_name", "domain", "link", "login"}
_CALLED = {"inviter_name", "user_name"}
_PLAIN_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
"""One that no program can take for a host with something before or behind it."""
AS_IT_IS = _ADDRESSES | {"product_name", "seller_name"}
"""Facts that are links, addresses or the operator's own; anybody may have chosen any other."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a message brings along: a PDF."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one person, in its two forms; `to` is a mail address."""

    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


class Undeliverable(Exception):
    """This recipient cannot be reached, and trying again would not change it."""


class Sender(Protocol):
    """A way for mail to leave."""

    async def send(self, mail: Mail) -> None:
        """Return once somebody else answers for the mail.

        Raises Undeliverable if it can never arrive. Whatever else is raised may pass: try again
        later, at the risk that the mail arrives twice.
        """


def render(template: str, to: str, **facts: object) -> Mail:
    """Fill in a template. Raises jinja2.UndefinedError if it uses a fact that is not given.

    Texts lose line breaks and control characters, and all but AS_IT_IS what is shown as a link, so
    that nobody can write a header, a paragraph or a link in our name by choosing a clever one.
    """
    lines = {name: _tamed(name, x) if isinstance(x, str) else x for name, x in facts.items()}

    def part(kind: str) -> str:
        return _TEMPLATES.get_template(f"{template}.{kind}.j2").render(lines)

    return Mail(to, _one_line(part("subject")), part("text"), part("html"))


def _tamed(name: str, text: str) -> str:
    line = _one_line(text)
    # Who gave no name is called by his address.
    is_address = name in _CALLED and _PLAIN_ADDRESS.fullmatch(line)
    return line if name in AS_IT_IS or is_address else _LINKING.sub(r"\g<0> ", line)


def _one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+", " ", text).strip()


def sender(url: str, from_address: str) -> Sender:
    """The sender that the setting TENANTRY_MAIL asks for.

    `smtp://[user:password@]host[:port]` encrypts if the server offers it, `smtp+starttls://`
    (port 587) insists on it, `smtps://` (port 465) begins with it; certificates are checked.
    `file:DIRECTORY` keeps each message as an `.eml` file, `log:` shows it on stderr.

    Raises ValueError in one sentence that tells no password, OSError for an impossible DIRECTORY.
    """
    origin, deliver = _address(from_address), _way(url)
    if origin is None:
        message = f"TENANTRY_MAIL_FROM must be ADDRESS or NAME <ADDRESS>, not {from_address!r}"
        raise ValueError(message)
    if deliver is None:
        raise ValueError(_EXPECTED)
    return _Sender(origin, deliver)


@dataclass(frozen=True, slots=True)
class _Sender:
    origin: Address
    deliver: _Delivery = field(repr=False)  # it may hold a password

    async def send(self, mail: Mail) -> None:
        await self.deliver(_message(mail, self.origin))


def _address(text: str) -> Address | None:
    match = _NAMED.fullmatch(text) or _NAMED.fullmatch(f"<{text}>")
    return Address(*match.groups()) if match else None


def _message(mail: Mail, origin: Address) -> EmailMessage:
    if (to := _address(mail.to)) is None:
        message = f"{mail.to!r} is not a mail address"
        raise Undeliverable(message)
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = origin, to, mail.subject
    letter["Date"], letter["Message-ID"] = formatdate(), make_msgid(domain=origin.domain)
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: keeps absence notes away
    letter.set_content(mail.text)
    letter.add_alternative(mail.html, subtype="html")  # RFC 2046 §5.1.4: the best form last
    for one in mail.attachments:
        letter.add_attachment(one.content, "application", "pdf", filename=one.name)
    return letter


def _way(url: str) -> _Delivery | None:
    scheme, _, path = url.partition(":")
    if scheme in _TLS:
        return _smtp(url)
    if scheme == "file" and path and not re.match("//[^/]", path):
        Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)
        return lambda letter: asyncio.to_thread(_keep, Path(path), letter)
    return _show if url == "log:" else None


def _smtp(url: str) -> _Delivery | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    more = parts.path.strip("/") or parts.query or parts.fragment
    if not parts.hostname or port == 0 or more or bool(user) is not bool(password):
        return None
    options: dict[str, Any] = {"hostname": parts.hostname, "port": port, **_TLS[parts.scheme]}
    if user:
        options |= {"username": user, "password": password}
    return partial(_hand_over, partial(SMTP, timeout=_TOTAL_SECONDS, **options))


async def _hand_over(connection: Callable[[], SMTP], letter: EmailMessage) -> None:
    client = connection()
    try:
        async with asyncio.timeout(_TOTAL_SECONDS):
            await client.connect(timeout=_CONNECT_SECONDS)
            await client.send_message(letter)
        with contextlib.suppress(SMTPException):  # accepted is accepted: not to be sent again
            await client.quit(timeout=_QUIT_SECONDS)
    except SMTPRecipientsRefused as refused:
        [reason] = refused.recipients
        if not str(reason.code).startswith("5"):  # RFC 5321 §4.2.1: 4yz may pass, 5yz will not
            raise
        message = f"the mail server refused the recipient: {reason.code} {reason.message}"
        raise Undeliverable(message) from refused
    finally:
        client.close()


def _keep(directory: Path, letter: EmailMessage) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # people empty it by removing it
    # Whoever watches for *.eml sees whole messages only, each for its owner's eyes (mode 0600).
    with tempfile.NamedTemporaryFile(dir=directory, suffix=".part", delete=False) as draft:
        draft.write(letter.as_bytes(policy=policy.SMTPUTF8))
    Path(draft.name).rename(directory / f"{system_clock()}-{secrets.token_hex(4)}.eml")


async def _show(letter: EmailMessage) -> None:
    headers = "\n".join(f"{name}: {letter[name]}" for name in ("From", "To", "Subject"))
    body = letter.get_body(("plain",))
    text = "" if body is None else body.get_content()
    names = "".join(f"({part.get_filename()})\n" for part in letter.iter_attachments())
    sys.stderr.write(f"{headers}\n\n{text}\n{names}")
