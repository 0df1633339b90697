"""Whether a number is one that somebody may be taxed under: its form and its check digits.

What each country issues is known to a library; nobody is asked whether the number was issued.
"""

import re

from tenantry.areas.addresses import countries
from tenantry.core.errors import Problem, bad_request

LONGEST = 64

_SEPARATORS = re.compile(r"[\s./-]+")
_NUMBER = re.compile(r"([A-Z]{2})([0-9A-ZÑ&]+)")
_COUNTRIES = {"EL": "GR", "XI": "GB"}
"""What begins the numbers of Greece and of Northern Ireland, which are no codes of countries."""
_PREFIXES = {"GR": "EL"}
_WRITTEN_WHOLE = frozenset({"CH"})
"""Whose numbers begin so at home too."""
_ELSEWHERE = frozenset({"MC"})
"""Whose numbers are another country's: Monaco's are French."""


def read(text: str) -> str:
    """A tax id as it is stored: the code that its country's begin with, and no separators.

    Raises Problem 400, saying what is wrong.
    """
    number = _SEPARATORS.sub("", text[: LONGEST + 1]).upper()
    match = _NUMBER.fullmatch(number)
    if match is None or len(text) > LONGEST:
        raise bad_request("Tax id must be the code of its country and a number: DE123456788")
    prefix, rest = match.groups()
    country = _COUNTRIES.get(prefix, prefix)
    if country in _ELSEWHERE or countries.find(country) is None:
        raise _unknown(prefix)
    if country in _WRITTEN_WHOLE:
        return _checked(country, number)
    return _PREFIXES.get(prefix, prefix) + _checked(country, rest)


def _checked(country: str, number: str) -> str:
    """The number as its country writes it. Raises Problem 400."""
    # Takes 20 ms, and most installations never need it.
    from stdnum import exceptions, get_cc_module  # noqa: PLC0415 - for the reason above

    known = get_cc_module(country.lower(), "vat")
    if known is None:
        raise _unknown(country)
    try:
        return str(known.validate(number))
    except exceptions.ValidationError as problem:
        why = str(problem).rstrip(".")
        detail = f"Tax id is none of country {country}: {why}"
        raise bad_request(detail) from problem


def _unknown(code: str) -> Problem:
    detail = f"Tax ids that begin with {code} are not known"
    return bad_request(detail)
