"""The CLI on the catalogue of event types."""

import json

from tests.clients.case import cli
from tests.clients.command import Command

TYPES = "audit-log event-mapping list-event-types"


@cli(226, call=f"{TYPES} --json")
def lists_event_types(run: Command) -> None:
    shown = json.loads(run())
    names = [one["event_type"] for one in shown["data"]]
    assert names == sorted(names)
    assert "user.login" in names


@cli(226, call=f"{TYPES} --scope-type account --sort=-event_type")
def lists_event_types_of_a_scope_in_reverse(run: Command) -> None:
    shown = run()
    assert shown.index("User: Login Failure") < shown.index("Token: Create")


@cli(227, call="audit-log event-mapping list-scope-types --json")
def lists_scope_types(run: Command) -> None:
    shown = json.loads(run())
    assert [one["scope_type"] for one in shown["data"]] == ["account", "ngwaf", "vcl", "wasm"]
