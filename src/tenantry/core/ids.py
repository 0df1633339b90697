"""Identifiers: 22 random characters of base 62, 131 bits (contract: protocol §9)."""

import os
import re

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 22
# The largest multiple of 62 that a byte can count to: what lies above would favour some characters.
_EVEN = 256 - 256 % len(_ALPHABET)
_CHARACTERS = bytes(ord(_ALPHABET[number % len(_ALPHABET)]) for number in range(256))
_UNEVEN = bytes(range(_EVEN, 256))

_ACCEPTED = re.compile(r"[0-9A-Za-z]{1,64}")


def new_id() -> str:
    """An identifier nobody can guess and nobody has had."""
    text = b""
    while len(text) < _LENGTH:
        text += os.urandom(32).translate(_CHARACTERS, _UNEVEN)
    return text[:_LENGTH].decode()


def is_id(text: str) -> bool:
    """Whether a text may be an identifier at all; if not, no row can have it."""
    return _ACCEPTED.fullmatch(text) is not None
