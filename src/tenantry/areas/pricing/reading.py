"""Reading what an operator wrote: each refusal names the place that is wrong."""

import re
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tenantry.areas.pricing.money import trimmed

T = TypeVar("T")

WHOLE_DIGITS = 18
PLACES = 12
"""Digits of a price before and after its point (contract: billing R10)."""

_AT = re.compile(r"(.*) - at `(?:key in )?\$\.?(.*)`", re.DOTALL)
_FIELD = re.compile(r"([a-z_0-9\[\].]+): (.*)", re.DOTALL)


class BadTerms(ValueError):
    """A document that can't be used: where in it, and why."""

    def __init__(self, path: str, reason: str) -> None:
        """Such as `charges[2].tiers[1].up_to` and `must be more than 10`."""
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason

    def within(self, path: str) -> "BadTerms":
        """The same of a document that stands in a larger one."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return BadTerms(f"{path}{dot}{self.path}", self.reason)


def read(given: Any, shape: type[T]) -> T:
    """Turn decoded JSON into what it describes; null says as much as nothing. Raises BadTerms."""
    try:
        return msgspec.convert(_without_nulls(given, ""), shape)
    except msgspec.ValidationError as problem:
        raise told(problem) from problem


def _without_nulls(given: Any, path: str) -> Any:
    """The same without members that are null. Raises BadTerms for a binary float."""
    if isinstance(given, float):
        # It has lost digits already: numbers come as text, or decoded as Decimals.
        raise BadTerms(path, "is a binary float: write it as text")
    if isinstance(given, dict):
        dot = "." if path else ""
        return {
            name: _without_nulls(value, f"{path}{dot}{name}")
            for name, value in given.items()
            if value is not None
        }
    if isinstance(given, list):
        return [_without_nulls(value, f"{path}[{place}]") for place, value in enumerate(given)]
    return given


def told(problem: msgspec.ValidationError) -> BadTerms:
    """What msgspec found, with its place."""
    text = str(problem)
    found = _AT.fullmatch(text)
    reason, path = found.groups() if found else (text, "")
    reason = reason.replace("`", "")
    for begin, why in (
        ("Object missing required field ", "is required"),
        ("Object contains unknown field ", "is not known"),
    ):
        if reason.startswith(begin):
            reason = f"{reason.removeprefix(begin)}: {why}"
    named = _FIELD.fullmatch(reason)
    inner = BadTerms(*named.groups()) if named else BadTerms("", reason)
    return inner.within(path) if path else inner


def settle(struct: msgspec.Struct, *fields: str, least: int = 0) -> None:
    """See that numbers of a struct are usable, and write each in its one way. Raises ValueError."""
    for field in fields:
        value = getattr(struct, field)
        if value is not None:
            refuse_number(field, value, least)
            msgspec.structs.force_setattr(struct, field, trimmed(value))


def refuse_number(field: str, value: Decimal, least: int = 0) -> None:
    """See that a number is finite, not too long and not too small. Raises ValueError."""
    if not value.is_finite():
        why = "is not a number"
    elif value < least:
        why = "is negative" if least == 0 else f"must be at least {least}"
    elif value and value.adjusted() >= WHOLE_DIGITS:
        why = f"has more than {WHOLE_DIGITS} digits before its point"
    elif value and -_exponent(value) > PLACES:
        why = f"has more than {PLACES} digits after its point"
    else:
        return
    message = f"{field}: {why}"
    raise ValueError(message)


def _exponent(value: Decimal) -> int:
    """How far down its last digit that is not 0 stands."""
    _, digits, exponent = value.as_tuple()
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return int(exponent) + zeros


def refuse_text(struct: msgspec.Struct, *fields: str, longest: int = 255) -> None:
    """See that texts of a struct say something, and not too much. Raises ValueError."""
    for field in fields:
        length = len(getattr(struct, field).strip())
        if not 1 <= length <= longest:
            message = f"{field}: must have 1 to {longest} characters"
            raise ValueError(message)
