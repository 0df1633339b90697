"""Identifiers: 22 characters of base 62 (contract: protocol §9).

All random, 131 bits; those of events begin with their place in the log, so that they sort like it.
"""

import os
import re

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = {character: digit for digit, character in enumerate(_ALPHABET)}
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


_PLACE = 8
"""Characters that a place takes: enough for 10¹⁴ events."""


def id_at(place: int) -> str:
    """An identifier that sorts by a place, from 1 on; its rest, 83 bits, nobody can guess."""
    digits = ""
    while place:
        place, digit = divmod(place, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits.rjust(_PLACE, _ALPHABET[0]) + new_id()[_PLACE:]


def place_of(identifier: str) -> int:
    """The place that an identifier of `id_at` begins with; of any other text, some number."""
    place = 0
    for character in identifier[:_PLACE]:
        place = place * len(_ALPHABET) + _DIGITS.get(character, 0)
    return place


def _made() -> list[str]:
    text = os.urandom(2048).translate(_CHARACTERS, _UNEVEN).decode()
    return [text[at : at + _LENGTH] for at in range(0, len(text) - _LENGTH + 1, _LENGTH)]


def is_id(text: str) -> bool:
    """Whether a text may be an identifier at all; if not, no row can have it."""
    return _ACCEPTED.fullmatch(text) is not None
