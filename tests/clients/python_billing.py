"""The Python client on invoices, metered usage and statistics."""

import json
from typing import Any

from fastly.exceptions import ApiException, ForbiddenException, NotFoundException

from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.regions import REGIONS
from tenantry.core.clock import SECOND
from tests.clients.billed import NOW, TOTALS
from tests.clients.case import python
from tests.clients.sdk import Call
from tests.world import BEN, BILL, EVE, UMA, WIDGETS, WWW

REQUESTS = "North America Requests"


def _span(month: Month) -> dict[str, Any]:
    """A month as statistics are asked for it: in seconds."""
    return {"_from": str(month.first // SECOND), "to": str(month.end // SECOND)}


@python(208, call="BillingInvoicesApi.list_invoices(…)")
def lists_invoices(run: Call) -> None:
    billed = run.stage.billed
    listed = run(token=BILL.token)
    newest_first = [str(number) for number in reversed(billed.invoice_ids)]
    assert [one.invoice_id for one in listed.data][:2] == newest_first
    assert (listed.meta.limit, listed.meta.next_cursor) == (100, "")
    assert listed.meta.sort == "billing_start_date"
    first = run(limit="1", cursor="")
    assert (len(first.data), first.meta.total) == (1, listed.meta.total)
    second = run(limit="1", cursor=first.meta.next_cursor)
    assert second.data[0].invoice_id == newest_first[1]
    day = f"{billed.used.text}-01"
    last = f"{billed.used.text}-{billed.used.days}"
    (only,) = run(billing_start_date=day, billing_end_date=last).data
    assert only.transaction_line_items[0].product_line == "Network Services"
    nobodys = run(token=EVE.token)
    assert (nobodys.data, nobodys.meta.total) == ([], 0)


@python(210, call="BillingInvoicesApi.get_invoice_by_invoice_id(invoice_id)")
def reads_an_invoice(run: Call) -> None:
    billed = run.stage.billed
    invoices = [run(number) for number in billed.invoice_ids]
    assert [one.monthly_transaction_amount for one in invoices] == list(TOTALS)
    invoice = invoices[0]
    assert (invoice.customer_id, invoice.currency_code) == (WIDGETS, "USD")
    assert invoice.billing_start_date.day == 1
    assert invoice.billing_end_date.day == billed.used.days
    lines = invoice.transaction_line_items
    assert lines[0].description == "North America Bandwidth - Tier 1"
    assert (lines[0].amount, lines[0].rate, lines[0].units) == (1200, 0.12, 10000)
    (credit,) = (one for one in lines if "credit_coupon_code" in one)
    assert (credit.credit_coupon_code, credit.amount) == ("WELCOME100", -100)
    assert (lines[-1].usage_type, lines[-1].amount) == ("tax", 247)


@python(209, call="BillingInvoicesApi.get_month_to_date_invoice()")
def reads_the_running_month(run: Call) -> None:
    billed = run.stage.billed
    invoice = run()
    assert invoice.monthly_transaction_amount == NOW
    assert invoice.invoice_id == f"MTD{billed.now.number}{WIDGETS}"
    (line,) = invoice.transaction_line_items
    assert (line.description, line.units, line.region) == (REQUESTS, 11720, "North America")


@python(211, call="BillingUsageMetricsApi.get_usage_metrics(start_month, end_month)")
def reads_usage_by_month(run: Call) -> None:
    billed = run.stage.billed
    found = run(billed.used.text, billed.now.text, token=BILL.token).to_dict()["data"]
    rows = {(one["month"], one["name"]): one for one in found}
    requests = rows[billed.used.text, REQUESTS]
    assert (requests["quantity"], requests["raw_quantity"]) == (12345.6789, 123456789)
    assert (requests["unit"], requests["region"]) == ("unit", "North America")
    assert rows[billed.now.text, REQUESTS]["raw_quantity"] == 117200000


@python(212, call="BillingUsageMetricsApi.get_service_level_usage(…)")
def reads_usage_by_service(run: Call) -> None:
    month = run.stage.billed.used.text
    named: dict[str, Any] = {"product_id": "cdn_usage", "usage_type_name": REQUESTS}
    data = run(start_month=month, end_month=month, limit="10", **named).data
    (detail,) = data.details
    assert (detail.service_id, detail.service_name) == (WWW, "www")
    assert (detail.usage_units, data.usage_type, data.unit) == (12345.6789, REQUESTS, "unit")
    assert (data.meta.total, data.meta.next_cursor, data.meta.limit) == (1, "", 10)
    first = run(start_month=month, service=WWW, limit="2").data
    assert len(first.details) == 2
    following = run(start_month=month, service=WWW, limit="2", cursor=first.meta.next_cursor)
    assert following.data.details


@python(220, call="HistoricalApi.get_usage(…)")
def reads_statistics_by_region(run: Call) -> None:
    usage = run(**_span(run.stage.billed.used))
    assert (usage.status, usage.msg) == ("success", None)
    assert set(REGIONS) <= set(usage.data)
    usa = usage.data["usa"]
    assert (usa.bandwidth, usa.requests, usa.compute_requests) == (12345678901234, 123456789, 0)
    assert run(_from="2 days ago", to="now").meta.region == "all"
    assert run(token=EVE.token).data["usa"].requests == 0


@python(221, call="HistoricalApi.get_usage_service(…)")
def reads_statistics_by_service(run: Call) -> None:
    usage = run(**_span(run.stage.billed.used), token=UMA.token)
    assert usage.data["europe"][WWW].bandwidth == 3500000000


@python(222, call="HistoricalApi.get_usage_month(…)")
def reads_statistics_of_a_month(run: Call) -> None:
    month = run.stage.billed.used
    asked: dict[str, Any] = {"year": str(month.year), "month": f"{month.number % 100:02}"}
    data = run(**asked).data
    assert (data.customer_id, data.total["usa"].requests) == (WIDGETS, 123456789)
    assert data.services[WWW]["name"] == "www"
    billable = run(**asked, billable_units=True).data.total["usa"]
    assert (billable.bandwidth, billable.requests) == (12345.678901234, 12345.6789)
    assert run().status == "success"


@python(223, call="HistoricalApi.get_regions()")
def lists_regions(run: Call) -> None:
    assert run().data == sorted(REGIONS)


@python(
    210,
    call="BillingInvoicesApi.get_invoice_by_invoice_id(invoice_id)",
    shows="NotFoundException (404)",
)
def an_invoice_of_another_customer(run: Call) -> None:
    number = run.stage.billed.invoice_ids[0]
    for invoice_id, token in ((number, EVE.token), (2147483647, BILL.token)):
        refusal = run.refused(invoice_id, token=token, by=NotFoundException)
        assert json.loads(refusal.body)["title"] == "Invoice not found"


@python(208, call="BillingInvoicesApi.list_invoices(…)", shows="ForbiddenException (403)")
def invoices_that_are_not_an_engineers_business(run: Call) -> None:
    refusal = run.refused(token=BEN.token, by=ForbiddenException)
    assert json.loads(refusal.body)["code"] == "forbidden"


@python(
    211,
    call="BillingUsageMetricsApi.get_usage_metrics(start_month, end_month)",
    shows="ApiException (400)",
)
def usage_of_more_than_three_months(run: Call) -> None:
    refusal = run.refused("2026-01", "2026-04", by=ApiException)
    assert json.loads(refusal.body)["status"] == "400"
