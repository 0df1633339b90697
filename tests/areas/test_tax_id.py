"""Under which number a customer is taxed, and whether at all."""

import asyncio
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tenantry.areas.addresses import tax_numbers
from tenantry.core.billing_tables import billing_accounts
from tenantry.core.errors import Problem
from tenantry.core.statements import Statement
from tests.address_writes import TAX_ID
from tests.told import events_since
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    EVE,
    OPERATOR,
    OTHER,
    READ_ONLY,
    UMA,
    WIDGETS,
    World,
)

PATH = "/_tenantry/v1/tax-id"
STATUS = f"/_operator/v1/customers/{WIDGETS}/tax-status"
ABSENT = {
    "title": "Record not found",
    "status": 404,
    "detail": "Cannot find a tax id",
    "errors": None,
}
_B = billing_accounts.c
_ACCOUNTS = Statement(select(_B.customer_id, _B.tax_id, _B.is_tax_exempt).order_by(_B.customer_id))


async def put(world: World, tax_id: Any, who: Any = ADA) -> httpx.Response:
    """Say what the customer is taxed under."""
    return await world.ask(who, "PUT", PATH, json={"tax_id": tax_id})


async def test_it_is_set_told_and_removed(world: World) -> None:
    for method in ("GET", "DELETE"):
        answer = await world.ask(ADA, method, PATH)
        assert (answer.status_code, answer.json()) == (404, ABSENT)
        assert answer.headers["content-type"] == "application/problem+json"
    answer = await put(world, " de 123-456.788 ")
    assert (answer.status_code, answer.json()) == (200, {"tax_id": TAX_ID})
    assert (await world.ask(ADA, "GET", PATH)).json() == {"tax_id": TAX_ID}
    gone = await world.ask(ADA, "DELETE", PATH)
    assert (gone.status_code, gone.content) == (204, b"")
    again = await world.ask(ADA, "DELETE", PATH)
    assert (again.status_code, again.json()) == (404, ABSENT)
    assert await world.app.database.all(_ACCOUNTS) == [(WIDGETS, None, False)]


KNOWN = {
    "DE123456788": "DE123456788",
    "de 123 456 788": "DE123456788",
    "ATU13585627": "ATU13585627",
    "BE0428759497": "BE0428759497",
    "BG175074752": "BG175074752",
    "EL094259216": "EL094259216",
    "GR 094259216": "EL094259216",
    "ESA58818501": "ESA58818501",
    "FR40303265045": "FR40303265045",
    "IE6433435F": "IE6433435F",
    "IT00743110157": "IT00743110157",
    "NL004495445B01": "NL004495445B01",
    "PL8567346215": "PL8567346215",
    "RO18547290": "RO18547290",
    "SE123456789701": "SE123456789701",
    "GB980780684": "GB980780684",
    "XI980780684": "XI980780684",
    "CHE-107.787.577 MWST": "CHE107787577MWST",
    "NO 995 525 828 MVA": "NO995525828MVA",
    "AU 51 824 753 556": "AU51824753556",
    "IN27AAPFU0939F1ZV": "IN27AAPFU0939F1ZV",
    "CA123026635RT0001": "CA123026635RT0001",
    "BR16727230000197": "BR16727230000197",
}


@pytest.mark.parametrize("text", list(KNOWN))
def test_what_countries_issue_is_known_and_kept_in_one_form(text: str) -> None:
    stored = tax_numbers.read(text)
    assert stored == KNOWN[text]
    assert tax_numbers.read(stored) == stored


_FORM = "Tax id must be the code of its country and a number: DE123456788"
_CHECKSUM = "The number's checksum or check digit is invalid"
WRONG = {
    "": _FORM,
    "123456788": _FORM,
    "DE": _FORM,
    "DE" + "1" * 63: _FORM,
    "DE\u0661\u0662": _FORM,
    "DE123456789": f"Tax id is none of country DE: {_CHECKSUM}",
    "DE1234": "Tax id is none of country DE: The number has an invalid length",
    "DE12345678A": "Tax id is none of country DE: The number has an invalid format",
    "CHE107787578MWST": f"Tax id is none of country CH: {_CHECKSUM}",
    "AU51824753557": f"Tax id is none of country AU: {_CHECKSUM}",
    "GB980780685": f"Tax id is none of country GB: {_CHECKSUM}",
    "EU123456789": "Tax ids that begin with EU are not known",
    "US123456789": "Tax ids that begin with US are not known",
    "ZZ123": "Tax ids that begin with ZZ are not known",
    "MC53000004605": "Tax ids that begin with MC are not known",
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize("text", list(WRONG))
async def test_what_is_wrong_is_said(world: World, text: str) -> None:
    since = len(await world.events())
    answer = await put(world, text)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "title": "Bad request",
        "status": 400,
        "detail": WRONG[text],
        "errors": None,
    }
    assert (await world.ask(ADA, "GET", PATH)).status_code == 404
    assert await world.actions(since) == []


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(("DE", "FR", "GB", "CH", "AU", "IT", "ES", "MX", "IN", "CN", "TN", "SM", "SG")),
    st.text("0123456789ABEIRX&Ñ -./", max_size=20),
)
def test_garbage_is_read_or_refused_and_nothing_else(country: str, rest: str) -> None:
    stored = None
    with suppress(Problem):
        stored = tax_numbers.read(country + rest)
    assert stored is None or tax_numbers.read(stored) == stored


@pytest.mark.changes_nothing
@pytest.mark.parametrize("body", [{}, {"tax_id": None}, {"tax_id": 1}, {"tax_id": ["DE1"]}, []])
async def test_a_malformed_body_is_refused(world: World, body: Any) -> None:
    answer = await world.ask(ADA, "PUT", PATH, json=body)
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad request")


async def test_who_bills_may_and_engineers_may_not(world: World) -> None:
    assert (await put(world, TAX_ID, BILL)).status_code == 200
    for who in (BEN, UMA, BOT):
        for method in ("GET", "PUT", "DELETE"):
            answer = await world.ask(who, method, PATH)
            assert answer.status_code == 403
            assert answer.json() == {"msg": "You are not authorized to perform this action"}
    assert (await world.ask(READ_ONLY, "GET", PATH)).json() == {"tax_id": TAX_ID}
    assert (await put(world, TAX_ID, READ_ONLY)).status_code == 403
    assert (await world.ask(EVE, "GET", PATH)).status_code == 404
    assert (await world.ask(EVE, "DELETE", PATH)).status_code == 404
    assert (await world.ask(ADA, "GET", PATH)).json() == {"tax_id": TAX_ID}


async def test_the_log_never_has_the_number(world: World) -> None:
    since = len(await world.events())
    await put(world, TAX_ID)
    await put(world, "de 123456788")
    await put(world, "AT U13585627")
    await world.ask(ADA, "DELETE", PATH)
    events = await events_since(world, since)
    assert [event["metadata"] for event in events] == [
        {"action": "tax_id.update"},
        {"action": "tax_id.update"},
        {"action": "tax_id.delete"},
    ]
    assert {event["event_type"] for event in events} == {"customer.update"}
    kept = str((await world.events())[since:])
    assert "123456788" not in kept
    assert "13585627" not in kept


async def test_the_operator_exempts_from_tax(world: World) -> None:
    answer = await world.ask(OPERATOR, "GET", STATUS)
    assert (answer.status_code, answer.json()) == (200, {"is_exempt": False})
    since = len(await world.events())
    for body in ({"is_exempt": True}, {"is_exempt": "true"}):
        answer = await world.ask(OPERATOR, "PUT", STATUS, json=body)
        assert (answer.status_code, answer.json()) == (200, {"is_exempt": True})
    assert (await world.ask(OPERATOR, "GET", STATUS)).json() == {"is_exempt": True}
    (event,) = await events_since(world, since)
    assert event["metadata"] == {
        "action": "tax_status.update",
        "old": {"is_exempt": False},
        "new": {"is_exempt": True},
    }
    assert event["admin"] is True
    await put(world, TAX_ID)
    await world.ask(ADA, "DELETE", PATH)
    assert await world.app.database.all(_ACCOUNTS) == [(WIDGETS, None, True)]


async def test_number_and_exemption_at_once_are_both_kept(world: World) -> None:
    await asyncio.gather(
        put(world, TAX_ID), world.ask(OPERATOR, "PUT", STATUS, json={"is_exempt": True})
    )
    assert await world.app.database.all(_ACCOUNTS) == [(WIDGETS, TAX_ID, True)]


async def test_only_the_operator_exempts(world: World) -> None:
    for who in (ADA, BILL, EVE):
        for method in ("GET", "PUT"):
            answer = await world.ask(who, method, STATUS, json={"is_exempt": True})
            assert answer.status_code == 403
    unknown = STATUS.replace(WIDGETS, "0Unknown00000000000000")
    for method in ("GET", "PUT"):
        answer = await world.ask(OPERATOR, method, unknown, json={"is_exempt": True})
        detail = "Cannot find customer '0Unknown00000000000000'"
        assert answer.json() == {"msg": "Record not found", "detail": detail}
    for body in ({}, {"is_exempt": None}, {"is_exempt": "perhaps"}, {"is_exempt": 2}):
        answer = await world.ask(OPERATOR, "PUT", STATUS, json=body)
        assert (answer.status_code, answer.json()["msg"]) == (400, "Bad request")
    assert await world.app.database.all(_ACCOUNTS) == []
    other = STATUS.replace(WIDGETS, OTHER)
    assert (await world.ask(OPERATOR, "GET", other)).json() == {"is_exempt": False}
