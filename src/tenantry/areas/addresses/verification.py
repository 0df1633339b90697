"""Whether an address is well-formed, found out here: nothing is looked up outside.

What is nearly right is refused together with what was probably meant (contract: billing §1.2).
"""

from itertools import product

import msgspec

from tenantry.areas.addresses import countries
from tenantry.areas.addresses.countries import Country
from tenantry.areas.addresses.row import AddressRow, parts_of
from tenantry.core.errors import Problem


class Unverified(Problem):
    """400: an address that can't be right, and the well-formed ones that may have been meant."""

    def __init__(self, detail: str, candidates: list[dict[str, str]]) -> None:
        """Say why."""
        super().__init__(400, "Could not validate address", detail)
        self.candidates = candidates


def verify(row: AddressRow) -> None:
    """Hold an address against what its country asks for. Raises Unverified."""
    country = countries.find(row.country)
    if country is None:
        raise Unverified("Country is not a known ISO 3166-1 alpha-2 code", [])
    wrong = [*_missing(row, country), *_ill_formed(row, country)]
    if wrong:
        raise Unverified("; ".join(wrong), _candidates(row, country))


def _missing(row: AddressRow, country: Country) -> list[str]:
    # Countries without postal codes are spared what the contract asks of all.
    needed = (
        ("Postal code", country.needs_postal_code, row.postal_code),
        ("State", country.needs_state, row.state),
    )
    return [
        f"{label} is required in country {country.code}"
        for label, is_needed, value in needed
        if is_needed and not value
    ]


def _ill_formed(row: AddressRow, country: Country) -> list[str]:
    wrong = []
    if row.postal_code and not country.has_postal_code(row.postal_code):
        wrong.append("Postal code does not match the country format")
    if row.state and not country.has_state(row.state):
        wrong.append("State is not one of the country's")
    return wrong


def _candidates(row: AddressRow, country: Country) -> list[dict[str, str]]:
    """What the address may have been meant to be; none if nothing like it is right."""
    if _missing(row, country):
        return []
    postal_codes, states = [row.postal_code], [row.state]
    if row.postal_code and not country.has_postal_code(row.postal_code):
        postal_codes = country.nearest_postal_codes(row.postal_code)
    if row.state and not country.has_state(row.state):
        states = [*country.nearest_states(row.state)]
    return [
        parts_of(msgspec.structs.replace(row, postal_code=postal_code, state=state))
        for postal_code, state in product(postal_codes, states)
    ]
