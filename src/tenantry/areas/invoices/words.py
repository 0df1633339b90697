"""Texts as an invoice's paper shows them: in their direction, and nothing of them lost unseen."""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from struct import iter_unpack, unpack_from

import msgspec

SHEET = Path(str(files("tenantry.areas.invoices"))) / "sheet"
"""The folder of the layout and its fonts."""
FONTS = SHEET / "fonts"

_LONGEST_WORD, _PIECE = 18, 12
"""Characters: a longer word may be broken after each such piece, or it would not fit its column."""
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_PIECES = re.compile(rf"\S{{{_PIECE}}}(?=\S)")
_BREAK_HERE = "\u200b"
_RIGHT_TO_LEFT = frozenset({"AL", "R"})
_STRONG = _RIGHT_TO_LEFT | {"L"}
_JOINERS = frozenset("\u200c\u200d")


class Words(msgspec.Struct, frozen=True):
    """A text, and whether it is read from right to left."""

    text: str
    rtl: bool = False


def words(text: str) -> Words:
    """A text that somebody wrote, on one line, fit to be shown.

    A character that no font has is shown by its number: `[U+4E2D]`. What would turn the direction
    of others, or control a printer, becomes a space.
    """
    normal = unicodedata.normalize("NFC", text)
    shown = "".join(_shown(character) for character in normal)
    return Words(_LONG_WORD.sub(_breakable, " ".join(shown.split())), _is_right_to_left(normal))


def _breakable(word: re.Match[str]) -> str:
    return _PIECES.sub(rf"\g<0>{_BREAK_HERE}", word[0])


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind[0] == "Z" or (kind in {"Cc", "Cf"} and character not in _JOINERS):
        return " "
    if kind == "Cs" or ord(character) not in _covered():
        return f"[U+{ord(character):04X}]"
    return character


def _is_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction has that one (Unicode annex 9, P2, P3)."""
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((one in _RIGHT_TO_LEFT for one in directions if one in _STRONG), False)


@cache
def _covered() -> frozenset[int]:
    """The characters that the fonts have, each at every weight that there is of it."""
    families: dict[str, list[set[int]]] = {}
    for path in FONTS.glob("*.[ot]tf"):
        families.setdefault(path.stem.partition("-")[0], []).append(_characters(path))
    every = (set.intersection(*weights) for weights in families.values())
    return frozenset(map(ord, _JOINERS)).union(*every)


def _characters(path: Path) -> set[int]:
    """What a font has glyphs for: its `cmap`, of which ours have one, of format 12 (OpenType)."""
    raw = path.read_bytes()
    (count,) = unpack_from(">H", raw, 4)
    records = iter_unpack(">4sLLL", raw[12 : 12 + 16 * count])
    table = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    at = table + unpack_from(">L", raw, table + 8)[0]
    (groups,) = unpack_from(">L", raw, at + 12)
    found: set[int] = set()
    for first, last, _ in iter_unpack(">LLL", raw[at + 16 : at + 16 + 12 * groups]):
        found.update(range(first, last + 1))
    return found
