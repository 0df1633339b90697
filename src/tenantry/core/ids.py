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


_READY: list[str] = []
"""Identifiers that nobody has had yet: asking the system for each takes longer than all else."""
# A forked process must not hand out the same.
os.register_at_fork(after_in_child=_READY.clear)


def new_id() -> str:
    """An identifier nobody can guess and nobody has had."""
    while True:
        try:
            return _READY.pop()
        except IndexError:
            _READY.extend(_made())


def _made() -> list[str]:
    text = os.urandom(2048).translate(_CHARACTERS, _UNEVEN).decode()
    return [text[at : at + _LENGTH] for at in range(0, len(text) - _LENGTH + 1, _LENGTH)]


def is_id(text: str) -> bool:
    """Whether a text may be an identifier at all; if not, no row can have it."""
    return _ACCEPTED.fullmatch(text) is not None
