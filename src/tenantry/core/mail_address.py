"""Mail addresses: whether a text is one. Nobody is asked over the network whether it exists."""

import re
import unicodedata

import idna
from email_validator import validate_email

_ENCODED = "xn--"
_LONGEST_DOMAIN = 253
_LONGEST = 1024
"""Characters that any address fits into, however it is composed. To compose a text takes time with
the square of its length: minutes, for what fits into a request."""
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# What nearly everybody has, and any rule takes; the library is asked about the rest. It takes
# fifty times as long, on the path of every new user.
_PLAIN = re.compile(
    rf"(?=[^@]{{1,64}}@.{{1,180}}$){_ATOM}(?:\.{_ATOM})*@(?:[a-z][a-z0-9]{{0,62}}\.)+[a-z]{{2,24}}"
)


def address_key(text: str) -> str:
    """The form by which addresses are compared: composed, in lower case, without blanks around it.

    Folded no further: different mailboxes would become the same (`ß` and `ss`). Addresses whose
    domains are one, in its alphabet and in ASCII (see `domain_key`), are two. A text that is too
    long for an address stays as it is composed.
    """
    folded = text.strip().lower()
    return unicodedata.normalize("NFC", folded) if len(folded) <= _LONGEST else folded


def domain_key(text: str) -> str:
    """The form by which domains are compared: as addresses are, and in their own alphabet.

    Their ASCII form, `xn--…`, stands for the same (IDNA 2008, UTS 46).
    """
    domain = address_key(text)
    if (domain.isascii() and _ENCODED not in domain) or len(domain) > _LONGEST_DOMAIN:
        return domain
    try:
        return idna.decode(idna.encode(domain, uts46=True))
    except idna.IDNAError:
        # It is no domain: nobody can claim it.
        return domain


def in_ascii(domain: str) -> str:
    """A domain as name servers have it; itself, where it has no such form."""
    try:
        return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return domain


def checked_address(text: str) -> str:
    """The address without blanks around it, otherwise as it was written.

    Raises ValueError, saying what is wrong with it.
    """
    address = text.strip()
    if len(address) > _LONGEST:
        message = "The email address is too long."
        raise ValueError(message)
    if _PLAIN.fullmatch(address) is None:
        validate_email(address, check_deliverability=False, test_environment=True)
    return address
