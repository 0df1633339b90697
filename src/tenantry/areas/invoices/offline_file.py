"""A file of everything that a month is rated by: terms, coupons and usage events, as JSON."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from decimal import InvalidOperation
from typing import Any, TypeVar

import msgspec

from tenantry.areas.pricing.catalogue import BUILT_IN, parse_catalogue
from tenantry.areas.pricing.coupon import read_time
from tenantry.areas.pricing.coupons import check_scope
from tenantry.areas.pricing.money import decode_exactly
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.reading import BadTerms, told
from tenantry.areas.pricing.setting import check_charges, check_lines
from tenantry.areas.pricing.terms import (
    Coupon,
    TaxAddress,
    Terms,
    parse_coupon,
    parse_plan,
    parse_tax_rules,
)

T = TypeVar("T")

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_NOTHING = msgspec.Raw(b"null")


class Case(msgspec.Struct, frozen=True):
    """A month to rate, and what for."""

    customer_id: str
    """Empty where the file does not say whose it is: the first event does."""
    month: Month
    terms: Terms
    coupons: list[Coupon]
    events: list[msgspec.Raw]
    idle: list[str]
    """What of it has no effect, and why."""


class _Address(msgspec.Struct, frozen=True):
    """Where tax is owed, its subdivision by either name (contract: billing §1, §2)."""

    country: str
    state: str | None = None
    region: str | None = None
    postal_code: str | None = None


class _Parts(msgspec.Struct, frozen=True):
    """The file, its parts not yet read."""

    plan: msgspec.Raw
    month: str
    customer_id: str | None = None
    events: list[msgspec.Raw] | None = None
    coupons: list[msgspec.Raw] | None = None
    tax_rules: msgspec.Raw = _NOTHING
    catalogue: msgspec.Raw = _NOTHING
    address: _Address | None = None
    tax_id: str | None = None
    is_tax_exempt: bool = False
    active_from: str | None = None
    active_until: str | None = None


_PARTS = msgspec.json.Decoder(_Parts)
# Numbers stay as they are written: they may be longer than Python reads.
_AS_WRITTEN: dict[str, Any] = dict.fromkeys(("parse_float", "parse_int", "parse_constant"), str)
_pairs = json.JSONDecoder(object_pairs_hook=list, **_AS_WRITTEN).decode


def read_case(raw: bytes) -> Case:
    """Read a file. Raises BadTerms, naming the place that is wrong."""
    raw = raw.removeprefix(BOM_UTF8)
    try:
        parts, given = _PARTS.decode(raw), _members(raw)
    except msgspec.ValidationError as problem:
        raise told(problem) from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadTerms("", f"is no JSON: {problem}") from problem
    _refuse_twice([(name, None) for name in given])
    terms, coupons = _terms(parts), _coupons(parts.coupons or [])
    unknown = sorted(set(given) - set(_Parts.__struct_fields__))
    return Case(
        customer_id=parts.customer_id or "",
        month=_month(parts.month),
        terms=terms,
        coupons=coupons,
        events=parts.events or [],
        idle=[*(f"{name}: is not known" for name in unknown), *_idle(terms, coupons)],
    )


def _members(raw: bytes) -> list[str]:
    """What the members of the file are called, each as often as it stands in it."""
    return [name for name, _ in _pairs(raw.decode())]


def _idle(terms: Terms, coupons: Iterable[Coupon]) -> Iterator[str]:
    """What is for nothing that is sold; on a server it may be for what only other plans have."""
    try:
        check_lines(terms.tax_rules, terms.catalogue, [terms.plan])
    except BadTerms as problem:
        yield str(problem.within("tax_rules"))
    for place, coupon in enumerate(coupons):
        try:
            check_scope(coupon, terms.catalogue, [terms.plan])
        except BadTerms as problem:
            yield str(problem.within(f"coupons[{place}]"))


def _refuse_twice(given: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object, each of which may stand in it once. Raises BadTerms."""
    known: dict[str, Any] = {}
    for name, value in given:
        if name in known:
            raise BadTerms(name, "stands twice in one object")
        known[name] = value
    return known


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as problem:
        raise BadTerms("month", str(problem)) from problem


def _terms(parts: _Parts) -> Terms:
    plan = _part("plan", parse_plan, parts.plan)
    catalogue = _part("catalogue", parse_catalogue, parts.catalogue, BUILT_IN)
    try:
        check_charges(plan, catalogue)
    except BadTerms as problem:
        raise problem.within("plan") from problem
    return Terms(
        plan=plan,
        catalogue=catalogue,
        tax_rules=_part("tax_rules", parse_tax_rules, parts.tax_rules, ()),
        address=_address(parts.address),
        tax_id=parts.tax_id,
        is_tax_exempt=parts.is_tax_exempt,
        active_from=read_time("active_from", parts.active_from),
        active_until=read_time("active_until", parts.active_until),
    )


def _part(name: str, parse: Callable[[Any], T], raw: msgspec.Raw, absent: T | None = None) -> T:
    """One part of the file. Raises BadTerms with its place in the whole."""
    try:
        given = decode_exactly(raw)
        json.loads(bytes(raw), object_pairs_hook=_refuse_twice)
        return absent if given is None and absent is not None else parse(given)
    except BadTerms as problem:
        raise problem.within(name) from problem
    except (msgspec.DecodeError, ValueError, InvalidOperation) as problem:
        raise BadTerms(name, f"can't be read: {problem}") from problem
    except RecursionError as problem:
        raise BadTerms(name, "is nested too deep") from problem


def _coupons(raws: list[msgspec.Raw]) -> list[Coupon]:
    coupons: dict[str, Coupon] = {}
    for place, raw in enumerate(raws):
        coupon = _part(f"coupons[{place}]", parse_coupon, raw)
        if coupon.code in coupons:
            raise BadTerms(f"coupons[{place}].code", "an earlier coupon has it")
        coupons[coupon.code] = coupon
    return list(coupons.values())


def _address(given: _Address | None) -> TaxAddress | None:
    if given is None:
        return None
    if not _COUNTRY.fullmatch(given.country):
        raise BadTerms("address.country", "must be two letters")
    return TaxAddress(given.country.upper(), given.state or given.region, given.postal_code or "")
