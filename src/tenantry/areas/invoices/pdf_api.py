"""How an invoice is reached as a PDF."""

from tenantry.areas.invoices import model
from tenantry.areas.invoices.paper import named
from tenantry.areas.invoices.pdf import pdf
from tenantry.core.context import Reading
from tenantry.core.errors import not_found
from tenantry.http.message import Response
from tenantry.http.operation import operation, permission
from tenantry.http.wire import PLAIN


@operation(
    "GET /_tenantry/v1/invoices/{invoice_id}/pdf",
    allow=permission("invoice.read"),
    wire=PLAIN,
    answers=bytes,
)
async def get_invoice_pdf(call: Reading, invoice_id: str) -> Response:
    """A posted invoice, to be sent or printed: the same file for ever."""
    row = await model.find(call.rows, call.customer_id, invoice_id)
    if row is None:
        raise not_found("invoice", invoice_id)
    disposition = f'attachment; filename="{named(row)}.pdf"'
    made = await pdf(call.rows, row)
    return Response(200, made, "application/pdf", (("content-disposition", disposition),))
