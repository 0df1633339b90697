"""What in a log names a person: which personal values of which events an erasure takes away.

An event is about him if it says so by his id or by his address: then all that is personal in it
goes, but for the address of whoever did it. Where he did it himself, that address goes. Anywhere
else goes each value that holds one of his addresses or names as whole words; a name of one word
is only looked for in what he did himself, else erasing Ben would take away the service 'ben'.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from tenantry.core.chain import opened
from tenantry.core.kept_events import ERASED
from tenantry.core.mail_address import address_key

Personal = dict[str, tuple[str, Any]]


def folded(text: str) -> str:
    """The form in which texts are searched: however people write the same name."""
    # Folding takes apart some letters that others write composed.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


class Texts(msgspec.Struct, frozen=True):
    """What a person was called: the keys of addresses, and folded names."""

    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def __or__(self, other: "Texts") -> "Texts":
        """Both."""
        return Texts(self.addresses | other.addresses, self.names | other.names)

    def without(self, other: "Texts") -> "Texts":
        """What is not somebody else's too."""
        return Texts(self.addresses - other.addresses, self.names - other.names)


def texts(addresses: Iterable[str | None], names: Iterable[str | None]) -> Texts:
    """Take logins or addresses, and names; who gave no name is named by his address."""
    given = [one for one in names if one]
    told = [*(one for one in addresses if one), *(one for one in given if "@" in one)]
    return Texts(
        frozenset(map(address_key, told)) - {""},
        frozenset(folded(one) for one in given if "@" not in one) - {""},
    )


class Person:
    """Whom to look for: one or several users of one customer who are the same person."""

    def __init__(
        self, user_ids: Iterable[str], known: Texts, key: Callable[[str], str] = address_key
    ) -> None:
        """Take his ids, what he was called, and how addresses are compared."""
        self.user_ids = frozenset(user_ids)
        self.known = known
        self._key = key
        self._keys = frozenset(map(key, known.addresses))
        far = known.addresses | {one for one in known.names if len(one.split()) > 1}
        self._far = _pattern(far)
        self._near = _pattern(far | known.names)
        self._written = [folded(msgspec.json.encode(one)[1:-1].decode()) for one in far]

    def may_stand_in(self, body: str, personal: str) -> bool:
        """Whether an event is worth reading: quick, and true too often."""
        if any(one in body for one in self.user_ids):
            return True
        text = folded(personal)
        return any(one in text for one in self._written)

    def has_address(self, address: str) -> bool:
        """Whether an address is his."""
        return self._key(address) in self._keys

    def is_called(self, name: str) -> bool:
        """Whether a name is his, or the address by which he is named who gave none."""
        return folded(name) in self.known.names or self.has_address(name)

    def is_named(self, value: Any, *, is_near: bool) -> bool:
        """Whether a value holds what he was called; `is_near` where he did it himself."""
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return (self._near if is_near else self._far).search(folded(text)) is not None


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Any of them, not within a longer word or address."""
    either = "|".join(map(re.escape, sorted(map(folded, words), key=len, reverse=True)))
    return re.compile(rf"(?<![\w.%+-])(?:{either})(?![\w-]|\.\w)" if either else r"(?!)")


def called(body: str, personal: str | None, user_ids: frozenset[str]) -> Texts:
    """What an event says that somebody was called, if it is about him by his id."""
    event = opened(body, personal)
    if not _is_about(event, user_ids):
        return Texts()
    found = list(_values(event["metadata"]))
    addresses = [value for key, value in found if key in {"email", "login"}]
    is_personal = event["action"].startswith(("contact.", "user."))
    return texts(addresses, [value for key, value in found if key == "name" and is_personal])


def _is_about(event: Mapping[str, Any], user_ids: frozenset[str]) -> bool:
    if event["action"] == ERASED:
        return False
    if event["metadata"].get("user_id") in user_ids:
        return True
    is_of_user = event["action"].startswith("user.")
    return is_of_user and any(f"user/{one}" in event["rows"] for one in user_ids)


def _values(metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every text in what an event tells, by its key."""
    for key, value in metadata.items():
        if isinstance(value, dict):
            yield from _values(value)
        elif isinstance(value, str):
            yield key, value


def left(body: str, personal: str | None, person: Person) -> str | None:
    """What is left of an event's personal values once the person's are gone; None for nothing."""
    if personal is None or not person.may_stand_in(body, personal):
        return personal
    event = opened(body, personal)
    values: Personal = msgspec.json.decode(personal)
    is_about = _is_about(event, person.user_ids) or _is_addressed(event, person)
    is_his = event["user_id"] in person.user_ids or (is_about and _has_no_actor(event))
    kept = {
        place: sealed
        for place, sealed in values.items()
        if not (is_his if place == "ip" else is_about or person.is_named(sealed[1], is_near=is_his))
    }
    if len(kept) == len(values):
        return personal
    return msgspec.json.encode(kept).decode() if kept else None


def _is_addressed(event: Mapping[str, Any], person: Person) -> bool:
    told = event["metadata"]
    given = (told.get("email"), told.get("login"))
    return any(one is not None and person.has_address(one) for one in given)


def _has_no_actor(event: Mapping[str, Any]) -> bool:
    """Whether it was done without a key, as by who forgot his password: then by himself."""
    return not (event["admin"] or event["user_id"] or event["token_id"])
