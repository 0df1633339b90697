"""An invoice's lines as CSV (RFC 4180), for spreadsheets and bookkeeping."""

import csv
import io

from tenantry.areas.invoices.model import Behind
from tenantry.areas.pricing.money import plain
from tenantry.areas.pricing.months import Month

COLUMNS = (
    *("invoice_id", "line", "month", "currency", "description", "amount", "rate", "units"),
    *("credit_coupon_code", "product_name", "product_group", "product_line", "region"),
    "usage_type",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def lines_as_csv(invoice: Behind) -> str:
    """A row for each line, under a row of names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    row = invoice.invoice
    for place, line in enumerate(invoice.lines, 1):
        texts = (
            line.coupon,
            line.product_name,
            line.product_group,
            line.product_line,
            line.region,
            line.usage_type,
        )
        writer.writerow(
            (
                *(row.id, place, Month(line.month).text, row.currency),
                _harmless(line.description),
                *map(plain, (line.amount, line.rate, line.units)),
                *map(_harmless, texts),
            )
        )
    return text.getvalue()


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula; numbers are ours, and stay numbers."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
