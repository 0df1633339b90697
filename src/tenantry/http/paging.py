"""The three families of paging (contract: protocol §10)."""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tenantry.core.errors import bad_request
from tenantry.http.message import Query
from tenantry.http.operation import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

FURTHEST = 1 << 40
"""A page number that no list has; a larger one would only overflow the database's integers."""


class Page(msgspec.Struct, frozen=True):
    """Which part of a list is asked for."""

    number: int
    size: int

    @property
    def skipped(self) -> int:
        """The rows before it."""
        return (self.number - 1) * self.size

    def count(self, records: int) -> int:
        """How many pages there are."""
        return -(-records // self.size)


def numbered(query: Query, *, default: int = 20, most: int = 100) -> Page:
    """Family A: `page`, `per_page`. Raises Problem 400."""
    return Page(_positive(query, "page", 1, FURTHEST), _positive(query, "per_page", default, most))


def bracketed(query: Query, *, default: int = 20, most: int = 100) -> Page:
    """Family B: `page[number]`, `page[size]`. Raises Problem 400."""
    return Page(
        _positive(query, "page[number]", 1, FURTHEST),
        _positive(query, "page[size]", default, most),
    )


def limited(query: Query, *, default: int = 20, most: int = 1000) -> int:
    """Family C: `limit`. Raises Problem 400."""
    return _positive(query, "limit", default, most)


def _positive(query: Query, name: str, default: int, most: int) -> int:
    text = query.get(name)
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit() and int(text[:20]) > 0):
        detail = f"{name} must be a whole number of at least 1"
        raise bad_request(detail)
    return min(int(text[:20]), most)


def link_header(query: Query, page: Page, records: int) -> str | None:
    """Family A's `Link`: none for a single page, and `last` only while there is a later one.

    The order and presence of the relations are those that go-fastly's paginator was seen to rely
    on (contract: protocol §10).
    """
    last = page.count(records)
    if last <= 1 and page.number <= 1:
        return None
    relations: list[tuple[str, int]] = []
    if page.number < last:
        relations += [("last", last), ("next", page.number + 1)]
    if page.number > 1:
        relations += [("prev", min(page.number - 1, max(last, 1))), ("first", 1)]
    links = (
        f'<{query.link({"page": number, "per_page": page.size})}>; rel="{name}"'
        for name, number in relations
    )
    return ", ".join(links)


class ListMeta(msgspec.Struct):
    """What a list of family A says of itself, in the order recorded."""

    per_page: int
    current_page: int
    record_count: int
    total_pages: int


S = TypeVar("S", bound=msgspec.Struct)


def paged(query: Query, page: Page, records: int, made: type[S], items: list[Any]) -> Answer:
    """A page of family A as `made`, with the addresses of the others in `Link`."""
    meta = ListMeta(page.size, page.number, records, page.count(records))
    return linked(query, page, records, made(items, meta))


def linked(query: Query, page: Page, records: int, body: msgspec.Struct) -> Answer:
    """A page of family A that does not tell of the others but in `Link`."""
    link = link_header(query, page, records)
    return Answer(body, headers=() if link is None else (("link", link),))


def one_page(items: Sequence[Any]) -> ListMeta:
    """All there is to tell, at once."""
    count = len(items)
    return ListMeta(max(count, 1), 1, count, min(count, 1))


def json_api_links(
    query: Query, page: Page, records: int, *, brackets: bool = False
) -> dict[str, str]:
    """Family B's `links`, classic style: only meaningful members, `last` always."""
    last = max(page.count(records), 1)

    def link(number: int) -> str:
        changes: Mapping[str, object] = {"page[number]": number, "page[size]": page.size}
        return query.link(changes, brackets=brackets)

    links = {}
    if page.number > 1:
        links = {"first": link(1), "prev": link(min(page.number - 1, last))}
    if page.number < last:
        links["next"] = link(page.number + 1)
    links["last"] = link(last)
    return links


class Meta(msgspec.Struct):
    """What a numbered list says of itself."""

    current_page: int
    per_page: int
    record_count: int
    total_pages: int


def meta(page: Page, records: int) -> Meta:
    """Family B's `meta`."""
    return Meta(page.number, page.size, records, page.count(records))


def cursor(*position: str | int) -> str:
    """Family C: an opaque place in a list, after the row with these sort values."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def position(text: str) -> list[str | int]:
    """Where a cursor points. Raises Problem 400."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=list[str | int])
    except (ValueError, msgspec.DecodeError) as problem:
        raise bad_request("The cursor is not valid") from problem
