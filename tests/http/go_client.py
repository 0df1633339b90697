"""How the vendor's Go client (and so its CLI and Terraform provider) reads answers.

Modelled on its source, as far as the contract tells it (protocol §8.5, §10): what it shows of a
refusal, and which pages of a list it fetches.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx

MOST_PAGES = 20
"""More than any list of the tests has: a walk that gets here would never end."""


class Shown(NamedTuple):
    """One error as a user of the CLI reads it."""

    title: str
    detail: str


def shown_errors(answer: httpx.Response) -> list[Shown]:
    """What is shown of a refusal. The content type is compared whole, as Go does."""
    media_type = answer.headers.get("content-type", "")
    body = json.loads(answer.content)
    if media_type == "application/vnd.api+json":
        return [Shown(one.get("title", ""), one.get("detail", "")) for one in body["errors"]]
    if media_type == "application/problem+json":
        assert isinstance(body["status"], int), "Go cannot decode a status of another type"
        return [Shown(body.get("title", ""), body.get("detail", ""))]
    errors = body.get("errors")
    assert errors is None or isinstance(errors, list), "Go shows nothing of such errors"
    if errors:
        return [Shown(one.get("title", ""), one.get("detail", "")) for one in errors]
    return [Shown(body.get("msg") or body.get("title") or "", body.get("detail") or "")]


Fetch = Callable[[int], Awaitable[httpx.Response]]
"""Fetches one page by its number."""


async def walk_by_header(fetch: Fetch) -> list[Any]:
    """Its `ListPaginator`: driven by the `Link` header alone, a page after the other.

    It goes on until the page just fetched *is* the last one it was told of. A smaller last page
    would let it run on for ever, and a link without a page number makes it panic.
    """
    records: list[Any] = []
    page, last = 0, 0
    while page == 0 or last not in {0, page}:
        page += 1
        assert page <= MOST_PAGES, "the client would never stop"
        answer = await fetch(page)
        body = answer.json()
        records += body if isinstance(body, list) else body["data"]
        for url, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("link", "")):
            number = int(parse_qs(urlsplit(url).query)["page"][0])
            last = number if relation == "last" else last
    return records


async def walk_by_links(fetch: Callable[[str], Awaitable[httpx.Response]], path: str) -> list[Any]:
    """JSON:API: `links.next` is followed as it stands until there is none."""
    records: list[Any] = []
    for _ in range(MOST_PAGES):
        document = (await fetch(path)).json()
        records += document["data"]
        following = document["links"].get("next")
        if following is None:
            return records
        path = following
    message = "the client would never stop"
    raise AssertionError(message)


class Decoded(NamedTuple):
    """A JSON:API list as `google/jsonapi` hands it on (contract: protocol §11.1)."""

    ids: list[str]
    following: str | None


_LAYOUT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def decoded_events(content: bytes) -> Decoded:
    """A page of events, read as strictly as Go reads it."""
    # Trailing bytes are an error on this endpoint; so is a body of null.
    document, end = json.JSONDecoder().raw_decode(content.decode())
    assert end == len(content)
    assert isinstance(document, dict)
    assert isinstance(document["data"], list)
    assert isinstance(document["meta"], dict)
    links = document["links"]
    assert isinstance(links, dict)
    for name in ("first", "last", "next"):
        assert isinstance(links.get(name, ""), str), "links.* are read as strings before all else"
        assert not links.get(name) or urlsplit(links[name]).netloc, "relative links fail"
    return Decoded([_event_id(one) for one in document["data"]], links.get("next"))


_TEXTS = ("customer_id", "description", "event_type", "ip", "service_id", "token_id", "user_id")


def _event_id(resource: dict[str, Any]) -> str:
    assert resource["type"] == "event", "object of type … does not match"
    assert isinstance(resource["id"], str)
    attributes = resource["attributes"]
    for name in _TEXTS:
        assert isinstance(attributes.get(name, ""), str), name
    assert isinstance(attributes["metadata"], dict), "an array here is an error"
    assert isinstance(attributes["admin"], bool)
    assert _LAYOUT.fullmatch(attributes["created_at"]), "no other layout of times is read"
    return str(resource["id"])
