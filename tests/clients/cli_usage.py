"""The CLI on statistics: times in words, tables, and who sees which services."""

import json

from tests.clients.case import cli
from tests.clients.command import Command
from tests.world import API, LIMITED, TESS, WWW


def _used(run: Command) -> None:
    """See that something was used by now."""
    assert run.stage.billed.invoice_ids


@cli(220, call="stats usage --from '95 days ago' --to now --by day --json")
def prints_usage_since_some_days_ago(run: Command) -> None:
    _used(run)
    usage = json.loads(run())
    assert usage["usa"]["bandwidth"] == 12345678901234
    assert usage["mexico"] == {"bandwidth": 0, "requests": 0, "compute_requests": 0}


@cli(220, call="stats usage --from '3 months ago'")
def prints_a_table_of_usage(run: Command) -> None:
    _used(run)
    rows = {words[0]: words[1:] for line in run().splitlines() if (words := line.split())}
    assert rows["europe"][:2] == ["3500000000", "5000"]


@cli(221, call="stats usage --by-service --from '95 days ago'")
def prints_a_table_of_usage_by_service(run: Command) -> None:
    _used(run)
    assert WWW in run()


@cli(221, call="stats usage --by-service --from '95 days ago' --json")
def prints_only_services_that_the_token_is_for(run: Command) -> None:
    _used(run)
    everybody = json.loads(run())
    mine = json.loads(run(token=LIMITED))
    assert mine == {
        region: {one: counts for one, counts in services.items() if one == WWW}
        for region, services in everybody.items()
    }
    assert not any(API in services for services in mine.values())


@cli(220, call="stats usage --from '95 days ago' --json")
def prints_nothing_to_who_sees_no_service(run: Command) -> None:
    _used(run)
    usage = json.loads(run(token=TESS.token))
    assert {count for counts in usage.values() for count in counts.values()} == {0}


@cli(
    220,
    call="stats usage --from yesteryear",
    shows="from: 'yesteryear' is not a time such as 1717200000",
)
def a_time_is_told_to_be_none(run: Command) -> None:
    run.fails()
