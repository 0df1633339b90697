"""Exact numbers: money, prices and quantities. No float ever touches one.

A quantity is counted in millionths of its raw unit (micro-units), a whole number; a price and an
amount are Decimals. Whoever adds or multiplies these does it `exactly`: Python's own context would
silently cut off what is behind 28 digits, this one raises decimal.Inexact.
"""

import re
from collections.abc import Callable, Iterable
from decimal import (
    ROUND_DOWN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import msgspec

P = ParamSpec("P")
R = TypeVar("R")

EXACT = Context(
    prec=400, rounding=ROUND_DOWN, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow]
)

_FOUR = ("CLF", "UYW")
_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_NONE = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
)
MINOR = dict.fromkeys(_NONE, 0) | dict.fromkeys(_THREE, 3) | dict.fromkeys(_FOUR, 4)
"""How many decimals a currency's amounts have, where these are not 2 (ISO 4217)."""

MICROS = 6
"""Decimals of a raw quantity."""
_QUANTITY = re.compile(r"[0-9]{1,18}(\.[0-9]{1,6})?")
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
_LONGEST = 18
_EXACTLY = msgspec.json.Decoder(float_hook=Decimal)


def exactly(function: Callable[P, R]) -> Callable[P, R]:
    """Let all arithmetic in a function, and in what it calls, keep every digit."""

    @wraps(function)
    def run(*given: P.args, **named: P.kwargs) -> R:
        with localcontext(EXACT):
            return function(*given, **named)

    return run


@exactly
def added(values: Iterable[Decimal]) -> Decimal:
    """Their sum, with every digit."""
    return sum(values, Decimal(0))


def decimals(currency: str) -> int:
    """How many decimals an amount of a currency has."""
    return MINOR.get(currency, 2)


def round_money(value: Decimal, currency: str) -> Decimal:
    """To the currency's decimals, half away from zero (contract: billing R10)."""
    return round_ratio(value, Decimal(1), currency)


def round_ratio(dividend: Decimal, divisor: Decimal, currency: str) -> Decimal:
    """A quotient to the currency's decimals, half away from zero, rounded but once."""
    places = decimals(currency)
    whole, rest = EXACT.divmod(EXACT.abs(EXACT.scaleb(dividend, places)), EXACT.abs(divisor))
    minor = int(whole) + (EXACT.add(rest, rest) >= EXACT.abs(divisor))
    is_negative = dividend.is_signed() != divisor.is_signed()
    return Decimal(f"{-minor if is_negative else minor}E-{places}")


def trimmed(value: Decimal) -> Decimal:
    """The same number without zeros at its end, and never -0."""
    if not value:
        return Decimal(0)
    short = EXACT.normalize(value)
    return EXACT.quantize(short, Decimal(1)) if short == short.to_integral_value() else short


def plain(value: Decimal) -> str:
    """As text: no exponent, never -0 (contract: billing R25)."""
    return f"{value or value.copy_abs():f}"


def number(value: Decimal) -> msgspec.Raw:
    """As a JSON number, with every digit that it has."""
    return msgspec.Raw(plain(value).encode())


def in_plain_text(content: Any) -> Any:
    """What a struct says in JSON, its decimals as text that has no exponent (billing R25)."""
    return _plainly(msgspec.to_builtins(content, builtin_types=(Decimal,)))


def _plainly(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return {name: _plainly(one) for name, one in value.items()}
    return [_plainly(one) for one in value] if isinstance(value, list | tuple) else value


def decode_exactly(raw: bytes | str) -> Any:
    """JSON with its numbers as whole numbers and Decimals. Raises msgspec.DecodeError."""
    return _EXACTLY.decode(raw)


def to_micros(given: str | Decimal | int) -> int:
    """A raw quantity as micro-units (contract: billing §7.1).

    Raises ValueError with what is wrong, as the end of a sentence: "is negative".
    """
    text = given if isinstance(given, str) else str(given)
    if _QUANTITY.fullmatch(text) is None:
        raise ValueError(_why_no_quantity(text))
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(MICROS, "0"))


def _why_no_quantity(text: str) -> str:
    if text.startswith("-") and _PLAIN.fullmatch(text[1:]):
        return "is negative"
    if re.fullmatch(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", text):
        return "has an exponent"
    if _PLAIN.fullmatch(text) is None:
        return "is not a number"
    if len(text.partition(".")[0]) > _LONGEST:
        return "has more than 18 digits before its point"
    return "has more than 6 digits after its point"


def units_of(micros: int, divisor: int) -> Decimal:
    """Micro-units as billable units, exact (contract: billing R3); the divisor is a power of 10."""
    return trimmed(Decimal(f"{micros}E-{MICROS + len(str(divisor)) - 1}"))
