"""Identifiers: random 128-bit numbers in base 62, always 22 characters (contract: protocol §9)."""

import os
import re

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_LENGTH = 22

_ACCEPTED = re.compile(r"[0-9A-Za-z]{1,64}")


def new_id() -> str:
    """An identifier nobody can guess and nobody has had."""
    number = int.from_bytes(os.urandom(16))
    pairs = []
    for _ in range(_LENGTH // 2):
        number, rest = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[rest])
    return "".join(reversed(pairs))


def is_id(text: str) -> bool:
    """Whether a text may be an identifier at all; if not, no row can have it."""
    return _ACCEPTED.fullmatch(text) is not None
