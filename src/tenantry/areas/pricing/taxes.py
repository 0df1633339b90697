"""Tax rules, and which of them an address falls under (contract: billing §7.1, R14)."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tenantry.areas.pricing.reading import BadTerms, read, refuse_text, settle

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_PREFIX_OF = {"EL": "GR", "XI": "GB"}
"""Tax ids of these countries begin with something other than the country."""


class TaxAddress(msgspec.Struct, frozen=True):
    """As much of an address as decides about tax."""

    country: str
    state: str | None = None
    postal_code: str = ""


class TaxRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tax of one place."""

    country: str
    name: str
    rate: Decimal
    """A fraction: 0.19."""
    state: str | None = None
    postal_prefix: str | None = None
    applies_to: tuple[str, ...] | None = None
    """Product lines that it is owed on; null, or none named: all."""
    reverse_charge: bool = False
    """Whether a customer with a tax id of the country owes it himself (EU VAT)."""

    def __post_init__(self) -> None:
        refuse_text(self, "country", "name")
        settle(self, "rate")
        msgspec.structs.force_setattr(self, "country", self.country.upper())
        if not _COUNTRY.fullmatch(self.country):
            message = "country: must be two letters"
            raise ValueError(message)
        if self.rate > 1:
            message = "rate: must be a fraction, at most 1"
            raise ValueError(message)

    def taxes(self, product_line: str) -> bool:
        """Whether it is owed on a product line."""
        return not self.applies_to or product_line in self.applies_to

    def is_reversed_for(self, tax_id: str | None) -> bool:
        """Whether the customer owes it himself."""
        prefix = (tax_id or "")[:2].upper()
        return self.reverse_charge and _PREFIX_OF.get(prefix, prefix) == self.country


def parse_tax_rules(given: Any) -> tuple[TaxRule, ...]:
    """Read the table `[…]`, or `{"tax_rules": […]}`. Raises BadTerms, naming what is wrong."""
    if isinstance(given, dict):
        if set(given) != {"tax_rules"}:
            raise BadTerms("", "must be the list of rules, alone or as tax_rules")
        given = given["tax_rules"]
    return read(given, tuple[TaxRule, ...])


def rules_of(rules: Sequence[TaxRule], address: TaxAddress | None) -> list[TaxRule]:
    """Every rule of the most specific level that matches an address, in the table's order.

    A state is more specific than a whole country, and a longer postal prefix than a shorter.
    """
    matching = [rule for rule in rules if address is not None and _matches(rule, address)]
    nearest = max(map(_level, matching), default=None)
    return [rule for rule in matching if _level(rule) == nearest]


def _level(rule: TaxRule) -> tuple[bool, int]:
    return bool(rule.state), len(_folded(rule.postal_prefix))


def _matches(rule: TaxRule, address: TaxAddress) -> bool:
    return (
        rule.country == address.country.upper()
        and (not rule.state or _folded(rule.state) == _folded(address.state))
        and _folded(address.postal_code).startswith(_folded(rule.postal_prefix))
    )


def _folded(text: str | None) -> str:
    return (text or "").replace(" ", "").upper()
