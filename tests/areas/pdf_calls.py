"""Calls that fetch invoices as PDFs, and what a reader makes of them."""

import io

from pypdf import PdfReader

from tests.world import BILL, Person, World

_TYPED = str.maketrans("\u00a0\u2009\u2013\u2212", "  --")


async def fetch(world: World, number: int | str, who: Person = BILL) -> bytes:
    """An invoice as its customer downloads it."""
    answer = await world.ask(who, "GET", f"/_tenantry/v1/invoices/{number}/pdf")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


def pages(content: bytes) -> list[str]:
    """The text of each page, with the spaces, dashes and minus signs of a keyboard."""
    reader = PdfReader(io.BytesIO(content))
    return [page.extract_text().translate(_TYPED) for page in reader.pages]


def text(content: bytes) -> str:
    """The text of all pages."""
    return "\n".join(pages(content))


def dated(content: bytes) -> str:
    """When it says that it was made."""
    metadata = PdfReader(io.BytesIO(content)).metadata
    assert metadata is not None
    assert metadata.creation_date is not None
    return f"{metadata.creation_date:%Y-%m-%dT%H:%M:%SZ}"
