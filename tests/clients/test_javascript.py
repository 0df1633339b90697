"""The official JavaScript client reads what a customer is, and what it owes.

All calls are made by one process, because each costs as much as all of them.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.billed import NOW, TOTALS
from tests.clients.stage import Stage
from tests.world import ADA, BEN, WIDGETS

_PROGRAM = Path(__file__).parent / "javascript.mjs"
_PATIENCE = 60


def _called(stage: Stage, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """What each call gave Ada: `BillingInvoicesApi.listInvoices`, its options."""
    given = json.dumps([[*name.split("."), options] for name, options in calls])
    done = subprocess.run(
        ["node", _PROGRAM, stage.server.url, ADA.token, given],  # noqa: S607 - wherever Node.js is
        capture_output=True,
        check=False,
        timeout=_PATIENCE,
    )
    assert done.returncode == 0, done.stderr.decode()
    told: list[Any] = json.loads(done.stdout)
    return told


@pytest.mark.live
@pytest.mark.clients
def test_it_reads_who_there_is(stage: Stage) -> None:
    contact = stage.new_contact(WIDGETS)
    token = stage.new_token()
    customer, own, users, ada, ben, current, one, tokens, all_tokens, bots, contacts = _called(
        stage,
        [
            ("CustomerApi.getCustomer", {"customer_id": WIDGETS}),
            ("CustomerApi.getLoggedInCustomer", {}),
            ("CustomerApi.listUsers", {"customer_id": WIDGETS}),
            ("UserApi.getCurrentUser", {}),
            ("UserApi.getUser", {"user_id": BEN.id}),
            ("TokensApi.getTokenCurrent", {}),
            ("TokensApi.getToken", {"token_id": token["id"]}),
            ("TokensApi.listTokensUser", {}),
            ("TokensApi.listTokensCustomer", {"customer_id": WIDGETS}),
            ("AutomationTokensApi.listAutomationTokens", {}),
            ("ContactApi.listContacts", {"customer_id": WIDGETS}),
        ],
    )
    assert customer["id"] == own["id"] == WIDGETS
    assert {ADA.login, BEN.login} <= {one["login"] for one in users}
    assert (ada["login"], ben["id"]) == (ADA.login, BEN.id)
    assert (current["user_id"], one["name"]) == (ADA.id, token["name"])
    assert one["id"] in {each["id"] for each in tokens} & {each["id"] for each in all_tokens}
    assert isinstance(bots, list)
    assert contact["id"] in {each["id"] for each in contacts}


@pytest.mark.live
@pytest.mark.clients
def test_it_reads_what_was_billed(stage: Stage) -> None:
    billed = stage.billed
    used, now = billed.used.text, billed.now.text
    (event, *_) = stage.ask(ADA, "GET", "/events")["data"]
    (listed, following, invoice, absent, running, metrics, services, addresses, events, same) = (
        _called(
            stage,
            [
                ("BillingInvoicesApi.listInvoices", {}),
                ("BillingInvoicesApi.listInvoices", {"limit": "1", "cursor": ""}),
                (
                    "BillingInvoicesApi.getInvoiceByInvoiceId",
                    {"invoice_id": billed.invoice_ids[0]},
                ),
                ("BillingInvoicesApi.getInvoiceByInvoiceId", {"invoice_id": 999}),
                ("BillingInvoicesApi.getMonthToDateInvoice", {}),
                ("BillingUsageMetricsApi.getUsageMetrics", {"start_month": used, "end_month": now}),
                ("BillingUsageMetricsApi.getServiceLevelUsage", {"start_month": used}),
                ("CustomerAddressesApi.listCustomerAddresses", {}),
                ("EventsApi.listEvents", {}),
                ("EventsApi.getEvent", {"event_id": event["id"]}),
            ],
        )
    )
    newest = [int(one["invoice_id"]) for one in listed["data"]][:2]
    assert newest == [*reversed(billed.invoice_ids)]
    assert len(following["data"]) == 1
    assert following["meta"]["next_cursor"]
    assert invoice["monthly_transaction_amount"] == TOTALS[0]
    assert absent == {"refused": 404}
    assert running["monthly_transaction_amount"] == NOW
    # The client's own model has one metric where the answer lists them: it reads none of them.
    assert metrics == {}
    assert services["data"]["details"][0]["usage_units"] > 0
    # Whatever other clients have added to it meanwhile.
    told = [one["type"] for one in stage.ask(ADA, "GET", "/billing/v3/customer-addresses")["data"]]
    assert "tax" in told
    assert [one["type"] for one in addresses["data"]] == told
    assert events["meta"]["record_count"] > 0
    assert same["data"]["id"] == event["id"]
