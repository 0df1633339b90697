"""Passwords that became known elsewhere: a list of their SHA-1 hashes in a file, sorted.

One line for each, `HASH` or `HASH:COUNT` in capitals, as Pwned Passwords hands it out ("ordered by
hash"): so that it can be asked without anybody else learning what is looked up, and without holding
its billion lines in memory. A look-up reads some thirty of them.
"""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

_DIGITS = 40
_LINE = re.compile(rb"[0-9A-F]{40}(:[0-9]+)?\r?\n?")

_path = ""


def set_breached(path: str) -> None:
    """Ask that file from now on, in this process; nothing: none is asked."""
    global _path  # noqa: PLW0603 - one list a process
    _path = path


def check_breached(path: str) -> None:
    """See whether a file can be such a list. Raises ValueError, OSError."""
    if not path:
        return
    with Path(path).open("rb") as file:
        first, second = file.readline(), file.readline()
    if not _LINE.fullmatch(first) or (second and second < first):
        message = f"{path} holds no SHA-1 hashes in their order, a line each"
        raise ValueError(message)


def is_breached(password: str) -> bool:
    """Whether it stands in the list. Raises OSError if the file is gone."""
    if not _path:
        return False
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()
    with Path(_path).open("rb") as file:
        return _stands(file, digest.upper().encode())


def _stands(file: BinaryIO, wanted: bytes) -> bool:
    low, high = 0, file.seek(0, 2)
    while low < high:
        middle = (low + high) // 2
        start, line = _line_from(file, middle)
        found = line[:_DIGITS]
        if found == wanted:
            return True
        if start >= high or found > wanted:
            high = middle
        else:
            low = start + len(line)
    return False


def _line_from(file: BinaryIO, place: int) -> tuple[int, bytes]:
    """The first line that begins there or behind, and where."""
    file.seek(max(place - 1, 0))
    if place:
        file.readline()
    return file.tell(), file.readline()
