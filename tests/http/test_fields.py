"""Names and values of forms and query strings, as browsers write them (WHATWG URL §5.1)."""

import random
from urllib.parse import parse_qsl

import pytest

from tenantry.http.message import pairs_of

MOST = 9
PIECES = ("a", "b[]", "&", "=", "+", "%", "%40", "%2B", "%26", "%C3%A9", "%C3", "%zz", "%00")


def by_the_library(text: str) -> list[tuple[str, str]] | None:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError:
        return None


def by_us(text: str) -> list[tuple[str, str]] | None:
    try:
        return pairs_of(text.encode(), MOST)
    except ValueError:
        return None


def test_they_are_read_as_the_library_reads_them() -> None:
    chance = random.Random(1)  # noqa: S311 - texts, not secrets
    for _ in range(3000):
        text = "".join(chance.choices(PIECES, k=chance.randrange(25)))
        assert by_us(text) == by_the_library(text), text


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (b"", []),
        (b"name=Ren%C3%A9+O%27Hara", [("name", "René O'Hara")]),
        ("name=René".encode(), [("name", "René")]),
        (b"name=Ren\xc3%A9", [("name", "René")]),
        (b"a=1;b=2&c", [("a", "1;b=2"), ("c", "")]),
    ],
)
def test_they_are_bytes_before_they_are_text(raw: bytes, pairs: list[tuple[str, str]]) -> None:
    assert pairs_of(raw, MOST) == pairs


@pytest.mark.parametrize("raw", [b"a=%ff", b"a=\xff", b"%ff=a", b"&" * MOST])
def test_what_is_no_text_and_what_is_too_much_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"utf-8|more than 9"):
        pairs_of(raw, MOST)
