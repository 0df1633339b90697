"""An invoice as a table with its arithmetic, for people."""

from collections.abc import Iterator

from tenantry.areas.invoices.document import Closed
from tenantry.areas.invoices.lines import Line
from tenantry.areas.pricing.money import plain
from tenantry.core.clock import SECOND, shown


def table(invoice: Closed) -> Iterator[str]:
    """Its lines: what was used, times what it costs, is what is owed."""
    period = f"{shown(invoice.month.first)} to {shown(invoice.month.end - SECOND)}"
    number = f"S{invoice.month.number}-{invoice.id}"
    yield f"Invoice {invoice.id} ({number}), {period}, in {invoice.currency}"
    rows = [_row(line) for line in invoice.lines]
    total = plain(invoice.total)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[3] = max(widths[3], len(total))
    for name, units, rate, amount in rows:
        yield (
            f"  {name:<{widths[0]}}  {units:>{widths[1]}} x {rate:<{widths[2]}}"
            f"  {amount:>{widths[3]}}"
        )
    yield f"  {'Total':<{sum(widths[:3]) + 5}}  {total:>{widths[3]}}"


def _row(line: Line) -> tuple[str, str, str, str]:
    return line.description, plain(line.units), plain(line.rate), plain(line.amount)
