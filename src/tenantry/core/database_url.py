"""What a database's URL says: shown without its password, and checked before it is used."""

import re

LAST_PORT = 65_535

_PASSWORD = re.compile(r"(?<=://)([^/?#]*?):([^/?#]*)@")
_ASKED_PASSWORD = re.compile(r"([?&]password=)[^&#]*")
_HOSTS = re.compile(r"://(?:[^/?#]*@)?([^/?#]*)")
_PORT = re.compile(r":([^:\]]*)$")


def without_password(url: str) -> str:
    """The URL as people may see it."""
    return _ASKED_PASSWORD.sub(r"\1…", _PASSWORD.sub(r"\1:…@", url))


def check_ports(url: str) -> None:
    """Raises ValueError if a host of a PostgreSQL URL (there may be several) has no usable port."""
    found = _HOSTS.search(url)
    for host in found.group(1).split(",") if found else ():
        port = _PORT.search(host)
        if port is not None and not is_port(port.group(1)):
            message = f"{port.group(1)!r} is not a port (1 to 65535)"
            raise ValueError(message)


def is_port(text: str) -> bool:
    """Whether digits name a port that can be connected to."""
    return text.isascii() and text.isdecimal() and 0 < int(text) <= LAST_PORT
