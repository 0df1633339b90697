"""How an operator reads an invoice by its number, whoever's it is.

The number is all that a posting answers, and of a closed customer nobody else gets in to read it.
"""

from tenantry.areas.invoices import model
from tenantry.areas.invoices.document import Document
from tenantry.areas.invoices.paper import named
from tenantry.areas.invoices.pdf import pdf
from tenantry.core.context import Reading
from tenantry.http.message import Response
from tenantry.http.operation import OPERATOR, operation
from tenantry.http.wire import LEGACY

PATH = "/_operator/v1/invoices/{invoice_id}"


@operation(f"GET {PATH}", allow=OPERATOR, wire=LEGACY, answers=Document)
async def get_posted_invoice(call: Reading, invoice_id: str) -> Response:
    """A posted invoice of any customer, as he reads it; also of one who was closed."""
    row = await model.named_by(call, invoice_id)
    return Response(200, row.document.encode(), LEGACY.content_type)


@operation(f"GET {PATH}/pdf", allow=OPERATOR, wire=LEGACY, answers=bytes)
async def get_posted_invoice_pdf(call: Reading, invoice_id: str) -> Response:
    """The same as a document, to be sent or printed."""
    row = await model.named_by(call, invoice_id)
    disposition = f'attachment; filename="{named(row)}.pdf"'
    made = await pdf(call.rows, row)
    return Response(200, made, "application/pdf", (("content-disposition", disposition),))
