"""The CLI on statistics of usage."""

import json

from tenantry.areas.pricing.regions import REGIONS
from tenantry.core.clock import SECOND
from tests.clients.case import cli
from tests.clients.command import Command
from tests.world import UMA, WWW


def _span(run: Command) -> dict[str, str]:
    month = run.stage.billed.used
    return {"since": str(month.first // SECOND), "until": str(month.end // SECOND)}


@cli(220, call="stats usage --from {since} --to {until} --json")
def prints_usage_by_region(run: Command) -> None:
    usage = json.loads(run(**_span(run)))
    assert usage["usa"] == {
        "bandwidth": 12345678901234,
        "requests": 123456789,
        "compute_requests": 0,
    }


@cli(220, call="stats usage --from {since} --to {until} --region europe")
def prints_usage_of_a_region(run: Command) -> None:
    shown = run(**_span(run), token=UMA.token)
    assert "3500000000" in shown
    assert "12345678901234" not in shown


@cli(221, call="stats usage --by-service --from {since} --to {until} --json")
def prints_usage_by_service(run: Command) -> None:
    usage = json.loads(run(**_span(run)))
    assert usage["europe"][WWW]["requests"] == 5000


@cli(223, call="stats regions")
def prints_regions(run: Command) -> None:
    assert run().split() == sorted(REGIONS)


@cli(220, call="stats usage --from {since} --json", shows="400")
def a_time_that_is_none(run: Command) -> None:
    run.fails(since="yesteryear")
