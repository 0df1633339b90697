"""Asking what is behind an invoice's lines, and seeing that it really gives their amounts."""

from decimal import Decimal
from typing import Any

from tests.areas.invoice_calls import INVOICES, got
from tests.world import BILL, World

OURS = "/_tenantry/v1/invoices"
METERED = {"included", "usage", "fee", "uncharged"}


async def line_usage(world: World, invoice_id: str, line: int, **query: Any) -> Any:
    """What is behind a line."""
    return await got(world, f"{OURS}/{invoice_id}/lines/{line}/usage", BILL, params=query)


async def events_behind(world: World, invoice_id: str, line: int, **query: Any) -> list[Any]:
    """Every event behind a line, page by page."""
    events, following = list[Any](), ""
    while True:
        body = await line_usage(world, invoice_id, line, limit=3, cursor=following, **query)
        events += body["data"]
        following = body["meta"]["next_cursor"]
        if not following:
            return events
        assert len(body["data"]) == 3


async def check_lines(world: World, invoice_id: str) -> list[Any]:
    """See that each line's events add up and its steps end at its amount; the proofs."""
    invoice = await got(world, f"{INVOICES}/{invoice_id}")
    proofs = []
    for number, line in enumerate(invoice["transaction_line_items"], 1):
        proof = await line_usage(world, invoice_id, number)
        told = (proof["description"], Decimal(proof["amount"]), Decimal(proof["units"]))
        assert told == (line["description"], line["amount"], line["units"])
        steps = {one["name"]: one["value"] for one in proof["steps"]}
        assert proof["steps"][-1]["name"] == "amount", proof
        assert Decimal(steps["amount"]) == line["amount"], proof
        events = await events_behind(world, invoice_id, number)
        if "raw" in steps:
            come = sum((Decimal(one["quantity"]) for one in events), Decimal(0))
            assert come == Decimal(steps["raw"]), proof
        else:
            assert events == []
        check_arithmetic(proof)
        proofs.append(proof)
    return proofs


def check_arithmetic(proof: Any) -> None:
    """The steps are each made of those before, not only of the line itself."""
    names = [one["name"] for one in proof["steps"]]
    values = {one["name"]: Decimal(one["value"]) for one in proof["steps"]}
    if proof["kind"] in METERED and "charge" not in values:
        of = "allowance" if proof["kind"] == "included" else names[names.index("price") - 1]
        assert values[of] == Decimal(proof["units"]), proof
    if proof["kind"] == "tax":
        assert values["base"] == Decimal(proof["units"])
        assert values["rule"] == Decimal(proof["rate"])
    if proof["kind"] == "credit":
        assert -values["taken"] == Decimal(proof["amount"])
    if proof["kind"] == "adjustment":
        assert values["difference"] == Decimal(proof["amount"])
    if proof["kind"] == "shortfall":
        assert values["missing"] == Decimal(proof["rate"])
