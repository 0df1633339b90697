"""An invoice as a PDF, as one sends it to a customer: the same bytes for the same invoice.

Typst sets it, from texts that come as data: none of them is read as markup, and the compiler sees
no file but the layout and its fonts. It takes from 10 ms to half a second, without the interpreter
but with every core, so it is one at a time, in a thread of its own.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Final, cast

import msgspec
import typst

from tenantry.areas.invoices import model
from tenantry.areas.invoices.paper import Paper, paper
from tenantry.areas.invoices.words import FONTS, SHEET
from tenantry.areas.pricing import sellers
from tenantry.core.errors import Problem
from tenantry.core.jobs import PRODUCT
from tenantry.core.session import Reads

MOST_WAITING = 64
"""More than these would wait for longer than their clients do."""

_ARCHIVAL: Final = "a-2u"
"""PDF/A-2u: all that it needs is in it, and each letter can be searched for (ISO 19005-2)."""


async def pdf(reads: Reads, invoice: model.InvoiceRow) -> bytes:
    """The invoice as a file. Raises Problem 503 if too many are asked for at once."""
    behind = await model.behind(reads, invoice)
    seller = behind.terms.seller or await sellers.current(reads)
    return await _press.run(partial(paper, behind, seller, PRODUCT))


class Press:
    """What sets one invoice after the other, while a few more wait."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="invoices")
        self._waiting = 0

    async def run(self, paper_of: Callable[[], Paper]) -> bytes:
        """Set what it makes; both are done in the thread. Raises Problem 503."""
        if self._waiting >= MOST_WAITING:
            retry = ("retry-after", "5")
            raise Problem(503, "Too many invoices are being typeset", headers=(retry,))
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _set, paper_of)
        finally:
            self._waiting -= 1


def _set(paper_of: Callable[[], Paper]) -> bytes:
    told = msgspec.json.encode(paper_of()).decode()
    made = _compiler().compile(
        format="pdf", sys_inputs={"invoice": told}, pdf_standards=[_ARCHIVAL]
    )
    return cast("bytes", made)


@cache
def _compiler() -> typst.Compiler:
    """Kept, for its fonts; used in one thread only."""
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
    return typst.Compiler(SHEET / "invoice.typ", root=SHEET, font_paths=fonts)


_press = Press()
