"""One's second factors: which there are, renaming and removing them, and new recovery codes."""

import msgspec

from tenantry.areas.users import ceremonies, factors, model, passkeys
from tenantry.console import words
from tenantry.console.enrolment import FACTORS, shown_codes
from tenantry.console.frame import page
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import PERSON, Allow, operation
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

CODES = f"{FACTORS}/recovery-codes"
NAME = f"{FACTORS}/{{factor_id}}/name"
REMOVAL = f"{FACTORS}/{{factor_id}}/removal"
# Who finds an unlocked browser must not be able to change how one signs in (ASVS 5.0, 7.5.1).
LATELY = Allow(who="person", sudo=True)

_NOTICES = {
    "added": "It is added. It may be a good time to look at your sessions, and end what you do "
    "not know.",
    "name": "The name is changed.",
    "removed": "It is removed. It may be a good time to look at your sessions, and end what you do "
    "not know.",
}


class NameForm(msgspec.Struct):
    """How a passkey is called from now on."""

    name: str = ""


def _mine(call: Reading) -> str:
    return call.principal.user_id or ""


@operation(f"GET {FACTORS}", allow=PERSON, wire=PAGE)
async def get_factors_page(call: Reading, visit: Visit) -> Response:
    """All that there are."""
    return page(
        call,
        visit,
        "factors",
        user=await model.find(call, _mine(call)),
        held=await factors.load(call, _mine(call)),
        takes_passkeys=ceremonies.site_of(call) is not None,
        words=words,
        now=call.now,
        notice=_NOTICES.get(visit.query.get("done") or "", ""),
    )


@operation(f"GET {CODES}", allow=LATELY, wire=PAGE)
async def get_recovery_codes_page(call: Reading, visit: Visit) -> Response:
    """What making new ones does, before it is done."""
    held = await factors.load(call, _mine(call))
    return page(call, visit, "renew_codes", held=held)


@operation(f"POST {CODES}", allow=LATELY, wire=PAGE)
async def renew_recovery_codes(call: Writing, visit: Visit) -> Response:
    """Make new ones, shown this once. Raises Problem 400."""
    return shown_codes(call, visit, await factors.renew_recovery_codes(call, _mine(call)))


@operation(f"GET {NAME}", allow=LATELY, wire=PAGE)
async def get_passkey_name_page(call: Reading, visit: Visit, factor_id: str) -> Response:
    """The form. Raises Problem 404."""
    one = await passkeys.find(call, _mine(call), factor_id)
    return page(call, visit, "factor_name", one=one, path=NAME.format(factor_id=one.id))


@operation(f"POST {NAME}", allow=LATELY, wire=PAGE)
async def rename_passkey(call: Writing, body: Body[NameForm], factor_id: str) -> Response:
    """Call it otherwise. Raises Problem 400, 404."""
    name = factors.checked_name(body().name, "Passkey")
    await factors.rename(call, _mine(call), factor_id, name)
    return see_other(f"{FACTORS}?done=name")


async def _removal(call: Reading, visit: Visit, factor_id: str, problem: str = "") -> Response:
    held = await factors.load(call, _mine(call))
    kind, name = held.find(factor_id)
    return page(
        call,
        visit,
        "factor_removal",
        400 if problem else 200,
        kind=kind,
        name=name,
        is_last=held.count == 1,
        path=REMOVAL.format(factor_id=factor_id),
        problem=problem,
    )


@operation(f"GET {REMOVAL}", allow=LATELY, wire=PAGE)
async def get_factor_removal_page(call: Reading, visit: Visit, factor_id: str) -> Response:
    """What removing one does, before it is done. Raises Problem 404."""
    return await _removal(call, visit, factor_id)


@operation(f"POST {REMOVAL}", allow=LATELY, wire=PAGE)
async def remove_factor(call: Writing, visit: Visit, factor_id: str) -> Response:
    """Remove one. Raises Problem 404; the last one stays while the customer forces two factors."""
    try:
        await factors.remove(call, _mine(call), factor_id)
    except Problem as problem:
        if problem.detail != factors.FORCED:
            raise
        return await _removal(call, visit, factor_id, f"{factors.FORCED}: this is your last one.")
    return see_other(f"{FACTORS}?done=removed")
