"""One of an account's identity providers: what it is set to, whether it works, and its end."""

from typing import Literal

import msgspec

from tenantry.areas.federation import authorizing, checking, model, vouched
from tenantry.areas.federation.provider import ProviderChange, ProviderRow, changed_provider
from tenantry.areas.roles import model as roles
from tenantry.console.company_page import LOOK, SET, company_view
from tenantry.console.frame import COMPANY
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.core.permissions import ROLE_IDS
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import Credentials, operation
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

MOST_ROLES = 100
"""Roles among which the page tells the ids of the company's own."""
PATH = f"{COMPANY}/providers/{{identity_provider_id}}"

_NOTICES = {
    "made": "The provider is connected. Register the address below there, then check it.",
    "saved": "The provider is saved.",
    "right": "The provider answers as it should.",
}


class ProviderForm(msgspec.Struct):
    """What the forms of the page send: `do` says which of them."""

    do: Literal["save", "roles", "check", "remove"]
    name: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    """Left empty, it stays as it is."""
    scopes: str = ""
    """Likewise."""
    is_enabled: bool = False
    creates_users: bool = False
    default_role: str = ""
    groups_claim: str = ""
    role_map: str = ""
    """A group and its role a line: `Platform team = engineer`."""


_FIELDS = {
    "save": ("name", "issuer", "client_id", "scopes", "is_enabled", "creates_users"),
    "roles": ("default_role", "groups_claim", "role_map"),
}
"""What each of the forms that can be wrong shows again."""


async def _provider(
    call: Reading,
    visit: Visit,
    row: ProviderRow,
    form: ProviderForm | None = None,
    problem: str = "",
) -> Response:
    filled = ProviderForm(
        "save" if form is None else form.do,
        groups_claim=row.groups_claim or "",
        role_map="\n".join(f"{group} = {role}" for group, role in row.roles_by_group.items()),
        default_role=row.default_role,
        **{name: getattr(row, name) for name in _FIELDS["save"]},
    )
    for name in () if form is None else _FIELDS.get(form.do, ()):
        setattr(filled, name, getattr(form, name))
    return company_view(
        call,
        visit,
        "company_provider",
        _NOTICES,
        provider=row,
        filled=filled,
        roles=[one for one in await roles.list_after(call, MOST_ROLES, None) if one.is_custom],
        built_in=sorted(ROLE_IDS),
        resting=await vouched.count_open(call, row),
        redirect_uri=authorizing.redirect_uri(call, row.id),
        problem=problem,
    )


@operation(f"GET {PATH}", allow=LOOK, wire=PAGE)
async def get_company_provider_page(
    call: Reading, visit: Visit, identity_provider_id: str
) -> Response:
    """What it is set to. Raises Problem 404."""
    row = await model.find(call, identity_provider_id)
    return await _provider(call, visit, row)


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
        return await _provider(call, visit, row, form, ". ".join(evidence.problems) + ".")
    row = await model.find(call, row.id)
    try:
        asked = _asked(form)
        # What is wrong with the form is told beside it; what it would do to others undoes it all.
        await changed_provider(call, row, asked)
    except Problem as problem:
        return await _provider(call, visit, row, form, problem.detail or problem.title)
    await model.change(call, row, asked)
    return see_other(f"{place}?done=saved")


def _asked(form: ProviderForm) -> ProviderChange:
    if form.do == "roles":
        return ProviderChange(
            default_role=form.default_role.strip(),
            groups_claim=form.groups_claim,
            role_map=_role_map(form.role_map),
        )
    asked = ProviderChange(
        name=form.name,
        issuer=form.issuer,
        client_id=form.client_id,
        is_enabled=form.is_enabled,
        creates_users=form.creates_users,
    )
    if form.client_secret:
        asked.client_secret = form.client_secret
    if form.scopes:
        asked.scopes = form.scopes.split()
    return asked


def _role_map(text: str) -> dict[str, str]:
    """Raises Problem 400."""
    role_map: dict[str, str] = {}
    for line in filter(str.strip, text.split("\n")):
        group, sign, role = (part.strip() for part in line.rpartition("="))
        if not sign or group in role_map:
            why = "stands there twice" if sign else "must be a group, a sign of equality and a role"
            detail = f"'{(group or line.strip())[:255]}' {why}"
            raise bad_request(detail)
        role_map[group] = role
    return role_map
