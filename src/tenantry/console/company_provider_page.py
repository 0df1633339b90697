"""One of an account's identity providers: what it is set to, whether it works, and its end."""

from typing import Any, Literal

import msgspec

from tenantry.areas.federation import authorizing, checking, model
from tenantry.areas.federation.provider import ProviderChange, ProviderRow, changed_provider
from tenantry.console import words
from tenantry.console.company_page import LOOK, SET
from tenantry.console.frame import COMPANY, page
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import Credentials, operation
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = f"{COMPANY}/providers/{{identity_provider_id}}"

_NOTICES = {
    "made": "The provider is connected. Register the address below there, then check it.",
    "saved": "The provider is saved.",
    "right": "The provider answers as it should.",
}


class ProviderForm(msgspec.Struct):
    """What the forms of the page send: `do` says which of them."""

    do: Literal["save", "check", "remove"]
    name: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    """Left empty, it stays as it is."""
    is_enabled: bool = False
    creates_users: bool = False


def _provider(
    call: Reading, visit: Visit, row: ProviderRow, filled: Any, problem: str = ""
) -> Response:
    return page(
        call,
        visit,
        "company_provider",
        400 if problem else 200,
        provider=row,
        filled=filled,
        redirect_uri=authorizing.redirect_uri(call, row.id),
        problem=problem,
        words=words,
        notice=_NOTICES.get(visit.query.get("done") or "", ""),
    )


@operation(f"GET {PATH}", allow=LOOK, wire=PAGE)
async def get_company_provider_page(
    call: Reading, visit: Visit, identity_provider_id: str
) -> Response:
    """What it is set to. Raises Problem 404."""
    row = await model.find(call, identity_provider_id)
    return _provider(call, visit, row, row)


class Looked(msgspec.Struct, frozen=True):
    """A provider, and what a check found of it before the unit of work."""

    row: ProviderRow
    problems: list[str] | None = None


async def look(
    call: Reading, body: Body[ProviderForm], _credentials: Credentials, identity_provider_id: str
) -> Looked:
    """Ask the provider, if that is wanted. Raises Problem 400, 403, 404."""
    model.check_superuser(call)
    row = await model.find(call, identity_provider_id)
    if body().do != "check":
        return Looked(row)
    problems, _ = await checking.look_at(call, row)
    return Looked(row, problems)


@operation(f"POST {PATH}", allow=SET, wire=PAGE, prepare=look)
async def change_company_provider(
    call: Writing, body: Body[ProviderForm], visit: Visit, evidence: Looked
) -> Response:
    """Change, check or disconnect it. Raises Problem 400, 403, 404."""
    form, row = body(), evidence.row
    place = f"{COMPANY}/providers/{row.id}"
    if form.do == "remove":
        await model.remove(call, row.id)
        return see_other(f"{COMPANY}?done=provider")
    if evidence.problems is not None:
        row = await model.note_check(call, row, evidence.problems)
        if not evidence.problems:
            return see_other(f"{place}?done=right")
        return _provider(call, visit, row, row, ". ".join(evidence.problems) + ".")
    row = await model.find(call, row.id)
    asked = _asked(form)
    try:
        # What is wrong with the form is told beside it; what it would do to others undoes it all.
        await changed_provider(call, row, asked)
    except Problem as problem:
        return _provider(call, visit, row, form, problem.detail or problem.title)
    await model.change(call, row, asked)
    return see_other(f"{place}?done=saved")


def _asked(form: ProviderForm) -> ProviderChange:
    asked = ProviderChange(
        name=form.name,
        issuer=form.issuer,
        client_id=form.client_id,
        is_enabled=form.is_enabled,
        creates_users=form.creates_users,
    )
    if form.client_secret:
        asked.client_secret = form.client_secret
    return asked
