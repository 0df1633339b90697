"""The Python client on usage: page by page, in days, and in billable units."""

from datetime import UTC, datetime
from typing import Any

from tests.clients.case import python
from tests.clients.sdk import Call
from tests.world import ADA, LIMITED, OPERATOR, WWW


@python(212, call="BillingUsageMetricsApi.get_service_level_usage(limit, cursor)")
def walks_pages_of_usage_by_service(run: Call) -> None:
    month = run.stage.billed.used.text
    whole = run(start_month=month, token=ADA.token).data
    rows, cursor = list[Any](), ""
    while True:
        page = run(start_month=month, limit="1", cursor=cursor).data
        rows += page.details
        cursor = page.meta.next_cursor
        assert (page.meta.limit, page.meta.total) == (1, whole.meta.total)
        if not cursor:
            break
    assert [row.to_dict() for row in rows] == [row.to_dict() for row in whole.details]
    assert len(rows) > 1


@python(212, call="BillingUsageMetricsApi.get_service_level_usage(service)")
def reads_the_usage_of_one_service(run: Call) -> None:
    months: dict[str, Any] = {"start_month": run.stage.billed.used.text}
    assert {row.service_id for row in run(**months, service=WWW).data.details} == {WWW}
    assert run(**months, service="0Unknown00000000000000").data.details == []


@python(222, call="HistoricalApi.get_usage_month(billable_units)")
def reads_a_month_in_billable_units(run: Call) -> None:
    month = run.stage.billed.used
    asked: dict[str, Any] = {"year": str(month.year), "month": f"{month.number % 100:02}"}
    usage = run(**asked, billable_units=True).data
    assert usage.total["usa"].bandwidth == 12345.678901234
    assert usage.total["usa"].requests == 12345.6789
    whole = run(**asked, billable_units=False).data
    assert whole.total["usa"].bandwidth == 12345678901234
    assert set(run(**asked, token=LIMITED).data.services) == {WWW}


@python(220, call="HistoricalApi.get_usage()")
def reads_usage_that_has_no_region(run: Call) -> None:
    crowded = run.stage.crowded
    event = {
        "source": "meter",
        "id": run.stage.unique("compute"),
        "customer_id": crowded.customer_id,
        "product_id": "compute_usage",
        "metric": "requests",
        "quantity": "9",
        "timestamp": datetime.now(UTC).isoformat(),
    }
    path = "/_operator/v1/usage-events"
    answer = run.stage.ask(OPERATOR, "POST", path, json={"events": [event]})
    assert answer["results"][0]["status"] == "accepted", answer
    usage = run(_from="1 hour ago", token=crowded.token).data
    assert usage["global"].compute_requests == 9
