"""Who one is: the console's home."""

from tenantry.console.frame import HOME, page
from tenantry.core.context import Reading
from tenantry.http.message import Response
from tenantry.http.operation import PERSON, operation
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE


@operation(f"GET {HOME}", allow=PERSON, wire=PAGE)
async def get_profile_page(call: Reading, visit: Visit) -> Response:
    """One's name, login and account."""
    return page(call, visit, "profile")
