"""Reading what an operator wrote: each refusal names the place that is wrong."""

import re
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from tenantry.areas.pricing.money import trimmed

T = TypeVar("T")

WHOLE_DIGITS = 18
PLACES = 12
"""Digits of a price before and after its point (contract: billing R10)."""

_AT = re.compile(r"(.*) - at `(?:key in )?\$\.?(.*)`", re.DOTALL)
_FIELD = re.compile(r"([a-z_0-9\[\].]+): (.*)", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


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
    known = _without_nulls(given, "")
    try:
        made = msgspec.convert(known, shape)
    except msgspec.ValidationError as problem:
        raise told(problem) from problem
    numbers = _numbers(shape)  # type: ignore[arg-type] # types are hashable
    _refuse_odd_numbers(known, numbers, "")
    return made


@cache
def _numbers(shape: Any) -> frozenset[str]:
    """What the members of a document are called that are decimals, wherever they stand in it."""
    return frozenset(_decimals(inspect.type_info(shape), ""))


def _decimals(of: Any, name: str) -> set[str]:
    found = {name} if isinstance(of, inspect.DecimalType) else set[str]()
    for field in getattr(of, "fields", ()):
        found |= _decimals(field.type, field.encode_name)
    for inner in getattr(of, "types", [of.item_type] if hasattr(of, "item_type") else ()):
        found |= _decimals(inner, name)
    return found


def _refuse_odd_numbers(given: Any, numbers: frozenset[str], path: str, name: str = "") -> None:
    """See that text is the number that people read in it: Python also reads 1_0 as ten.

    Raises BadTerms.
    """
    if isinstance(given, dict):
        dot = "." if path else ""
        for inner, value in given.items():
            _refuse_odd_numbers(value, numbers, f"{path}{dot}{inner}", inner)
    elif isinstance(given, list):
        for place, value in enumerate(given):
            _refuse_odd_numbers(value, numbers, f"{path}[{place}]", name)
    elif name in numbers and isinstance(given, str) and not _NUMBER.fullmatch(given):
        raise BadTerms(path, "is not a number")


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
