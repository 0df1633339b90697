"""What can be set, and where it is read from: options of the command line, or `TENANTRY_…`."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from tenantry.core.addresses import parse_networks
from tenantry.core.breaches import check_breached
from tenantry.core.clock import system_clock
from tenantry.core.database import open_database, sqlite_path
from tenantry.core.database_url import LAST_PORT, check_ports, without_password
from tenantry.core.publishing import read_destinations
from tenantry.core.secrets import PasswordCost, parse_key

PREFIX = "TENANTRY_"
MOST_WORKERS = 256
LAST_INVOICE = 2**31 - 1
"""Some clients take an invoice's number of 32 bits (contract: billing §3.1)."""
MOST_GRACE_HOURS = 240
MOST_PASSWORD_COST = PasswordCost(memory_kib=2**20, time=50, parallelism=16)
"""Above that, signing in would take many seconds."""

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_PUBLIC_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_CONTACT = re.compile(r"(?:mailto:[!-~]+@|https://|tel:)[!-~]+")


class BadSetting(ValueError):
    """A setting that can't be used; its text names it and says why, in one line."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, with what holds when nothing is said."""

    database: str = "sqlite:///tenantry.db"
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    public_url: str = ""
    """Where people reach the server: for links in mails. Default: `http://host:port`."""
    secret_file: str = ""
    """The file with the secret key; default: beside the database, or in the user's data folder."""
    secret_key: str = ""
    """The key itself, 64 hexadecimal digits, where a file is not wanted."""
    password_memory_kib: int = PasswordCost().memory_kib
    """What argon2id takes for one password; no less than OWASP's minimum."""
    password_time: int = PasswordCost().time
    """How often it goes over that memory."""
    password_parallelism: int = PasswordCost().parallelism
    breached_passwords: str = ""
    """A file of SHA-1 hashes of passwords that became known elsewhere; none of them is taken."""
    mail: str = ""
    """`smtp://…`, `smtps://…`, `smtp+starttls://…`, `file:DIRECTORY` or `log:`."""
    mail_from: str = "Tenantry <tenantry@localhost>"
    work: bool = True
    """Whether the server itself sends mail; else `tenantry work` does."""
    trusted_proxies: str = ""
    """Addresses whose X-Forwarded-… headers are believed, comma-separated, CIDR allowed."""
    client_compatibility: bool = True
    """Whether answers bend to what some official clients can't read (docs/compatibility.md)."""
    extended_events: bool = False
    """Whether /events also shows what clients have no name for; the Python client then fails."""
    metrics_port: int = 0
    """Serve /_metrics on this port of the loopback address only; 0: on the main port."""
    log_requests: bool = True
    checkpoint_interval: int = 86400
    """Seconds between two signed checkpoints of a log; 0: none is kept."""
    checkpoint_to: str = ""
    """Where they go besides: `file:FOLDER`, `mail` (to security contacts), or both, by comma."""
    archive_folder: str = ""
    """Where events go that are older than their customer keeps; nowhere: all are kept for ever."""
    first_invoice: int = 1_000_001
    """The number of the first invoice; later ones follow without gaps."""
    posting_grace_hours: int = 72
    """How long after a month's end its invoices wait for usage that comes late."""
    seller_name: str = ""
    """Who sends the invoices, as they name him; each keeps the one that it was posted with."""
    seller_address: str = ""
    """His address, its lines separated by semicolons."""
    seller_tax_id: str = ""
    provider_networks: str = ""
    """Networks off the internet in which customers' identity providers may stand, CIDR allowed."""
    cors_origins: str = ""
    """Origins that browsers may call from, comma-separated."""
    hsts_subdomains: bool = False
    """Whether browsers are told to ask the hosts below this one by TLS alone, too."""
    security_contact: str = ""
    """Whom to tell of a flaw, for /.well-known/security.txt: `mailto:…`, `https://…` or `tel:…`."""

    @property
    def base_url(self) -> str:
        """The public URL without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def password_cost(self) -> PasswordCost:
        """What hashing a password takes."""
        return PasswordCost(self.password_memory_kib, self.password_time, self.password_parallelism)

    @property
    def shares_metrics(self) -> bool:
        """Whether the numbers of the workers are put together outside them."""
        return self.workers > 1 or self.metrics_port > 0

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file."""
        return urlsplit(self.database).scheme == "sqlite"

    @property
    def shown_database(self) -> str:
        """The database without its password."""
        return without_password(self.database)

    @property
    def shown_mail(self) -> str:
        """Where mail goes, without a password."""
        scheme, _, rest = self.mail_url().partition(":")
        return f"{scheme}:{'//' + rest.rpartition('@')[2] if '@' in rest else rest}"

    @property
    def seller(self) -> tuple[str, tuple[str, ...], str]:
        """Who sends the invoices: name, lines of the address, tax id."""
        lines = (line.strip() for line in self.seller_address.replace("\n", ";").split(";"))
        address = tuple(line for line in lines if line)
        return self.seller_name.strip(), address, self.seller_tax_id.strip()

    def mail_url(self) -> str:
        """Where mail goes; by default into files beside the database."""
        if self.mail:
            return self.mail
        if self.is_sqlite:
            return f"file:{sqlite_path(self.database)}.mail"
        return f"file:{data_folder() / 'mail'}"


def data_folder() -> Path:
    """Where this user's programs keep their data (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "tenantry"


def read_settings(environment: Mapping[str, str], **given: object) -> Settings:
    """Settings from the environment; what is given here and not None wins. Raises BadSetting."""
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        text = environment.get(PREFIX + field.name.upper())
        if text is not None:
            values[field.name] = text
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as problem:
        name, _, why = _blamed(str(problem))
        message = f"{PREFIX}{name.upper()}: {why}"
        raise BadSetting(message) from problem
    _check(settings)
    return settings


def _blamed(text: str) -> tuple[str, str, str]:
    """Take "Expected `int`, got `str` - at `$.port`" apart."""
    why, _, path = text.rpartition(" - at `$.")
    return path.rstrip("`"), "", why.replace("`", "").replace("bool,", "true or false,")


def _check(settings: Settings) -> None:
    _check_database(settings)
    _check_ports(settings)
    if not 0 < settings.workers <= MOST_WORKERS:
        message = f"{PREFIX}WORKERS: {settings.workers} is not a number of processes (1 to 256)"
        raise BadSetting(message)
    if settings.public_url and not _PUBLIC_URL.fullmatch(settings.public_url):
        message = f"{PREFIX}PUBLIC_URL: {settings.public_url!r} is not of the form https://host…"
        raise BadSetting(message)
    if settings.security_contact and not _CONTACT.fullmatch(settings.security_contact):
        message = f"{PREFIX}SECURITY_CONTACT: not of the form mailto:…, https://… or tel:…"
        raise BadSetting(message)
    _check_secret_file(settings)
    _check_password_cost(settings)
    if settings.checkpoint_interval < 0:
        message = f"{PREFIX}CHECKPOINT_INTERVAL: {settings.checkpoint_interval} is no time to wait"
        raise BadSetting(message)
    _check_read(settings)
    _check_invoicing(settings)
    _check_callers(settings)


_READ: dict[str, Callable[[str], object]] = {
    "breached_passwords": check_breached,
    "checkpoint_to": read_destinations,
    "provider_networks": parse_networks,
    "secret_key": lambda text: parse_key(text) if text else None,
    "trusted_proxies": parse_networks,
}
"""What reads these settings when they are used, and refuses what it cannot read."""


def _check_read(settings: Settings) -> None:
    for name, read in _READ.items():
        try:
            read(getattr(settings, name))
        except (OSError, ValueError) as problem:
            message = f"{PREFIX}{name.upper()}: {problem}"
            raise BadSetting(message) from problem


def _check_invoicing(settings: Settings) -> None:
    if not 0 < settings.first_invoice <= LAST_INVOICE:
        message = f"{PREFIX}FIRST_INVOICE: {settings.first_invoice} is not in 1 to {LAST_INVOICE}"
        raise BadSetting(message)
    if not 0 <= settings.posting_grace_hours <= MOST_GRACE_HOURS:
        given = settings.posting_grace_hours
        message = f"{PREFIX}POSTING_GRACE_HOURS: {given} is not in 0 to {MOST_GRACE_HOURS}"
        raise BadSetting(message)


def _check_secret_file(settings: Settings) -> None:
    if not settings.secret_file or settings.secret_key:
        return
    folder = Path(settings.secret_file).parent
    if not folder.is_dir():
        message = f"{PREFIX}SECRET_FILE: the folder {folder} does not exist"
        raise BadSetting(message)


def _check_password_cost(settings: Settings) -> None:
    cost = settings.password_cost
    for name, given, most in zip(PasswordCost._fields, cost, MOST_PASSWORD_COST, strict=True):
        if not 0 < given <= most:
            message = f"{PREFIX}PASSWORD_{name.upper()}: {given} is not in 1 to {most}"
            raise BadSetting(message)
    if not cost.is_enough():
        message = (
            f"{PREFIX}PASSWORD_MEMORY_KIB: {cost.memory_kib} is too little with "
            f"{PREFIX}PASSWORD_TIME={cost.time}; 19456 with 2 is the least that is safe"
        )
        raise BadSetting(message)


def _check_database(settings: Settings) -> None:
    try:
        open_database(settings.database, system_clock)
        if not settings.is_sqlite:
            check_ports(settings.database)
    except ValueError as problem:
        why = str(problem).replace(settings.database, settings.shown_database)
        message = f"{PREFIX}DATABASE: {why}"
        raise BadSetting(message) from problem
    if not settings.is_sqlite:
        return
    folder = Path(sqlite_path(settings.database)).parent
    if not folder.is_dir():
        message = f"{PREFIX}DATABASE: the folder {folder} does not exist"
        raise BadSetting(message)


def _check_ports(settings: Settings) -> None:
    if not 0 < settings.port <= LAST_PORT:
        message = f"{PREFIX}PORT: {settings.port} is not a port (1 to 65535)"
        raise BadSetting(message)
    if not 0 <= settings.metrics_port <= LAST_PORT:
        message = f"{PREFIX}METRICS_PORT: {settings.metrics_port} is not a port (1 to 65535, or 0)"
        raise BadSetting(message)
    if settings.metrics_port == settings.port:
        message = f"{PREFIX}METRICS_PORT: {settings.port} is the port of the server itself"
        raise BadSetting(message)


def _check_callers(settings: Settings) -> None:
    for origin in settings.cors_origins.replace(",", " ").split():
        if not _ORIGIN.fullmatch(origin):
            message = f"{PREFIX}CORS_ORIGINS: {origin!r} is not of the form scheme://host[:port]"
            raise BadSetting(message)
