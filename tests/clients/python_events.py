"""The Python client on the event log."""

from typing import Any

from fastly.exceptions import NotFoundException

from tenantry.core.clock import shown
from tests.clients.case import python
from tests.clients.sdk import Call
from tests.clients.stage import Stage
from tests.world import ADA, BOT, NOW, WIDGETS


def _told(listed: Any) -> list[Any]:
    """What the client says of each event of a list."""
    return [one["attributes"] for one in listed.to_dict()["data"]]


def _renamed(stage: Stage) -> str:
    """A user whose change is the newest event of Ada's."""
    user = stage.new_user()
    stage.ask(ADA, "PUT", f"/user/{user['id']}", data={"name": "Renamed"})
    return str(user["login"])


@python(224, call="EventsApi.list_events()")
def lists_events(run: Call) -> None:
    login = _renamed(run.stage)
    listed = run()
    newest = _told(listed)[0]
    assert newest["event_type"] == "user.update"
    assert newest["description"] == f"User '{login}' was updated"
    assert newest["metadata"]["new"]["name"] == "Renamed"
    assert (newest["customer_id"], newest["user_id"]) == (WIDGETS, ADA.id)
    assert (newest["token_id"], newest["admin"]) == (ADA.token_id, False)
    assert listed.meta.record_count > 2


@python(
    224,
    call="EventsApi.list_events(filter_user_id=…, filter_event_type=…, page_number=…, page_size=…)",
)
def lists_some_events_over_several_pages(run: Call) -> None:
    logins = [_renamed(run.stage) for _ in range(3)]
    asked: dict[str, Any] = {
        "filter_user_id": ADA.id,
        "filter_event_type": "user.update",
        "page_size": 1,
    }
    pages = [run(page_number=number, **asked) for number in (1, 2, 3)]
    told = [_told(page)[0]["description"] for page in pages]
    assert told == [f"User '{login}' was updated" for login in reversed(logins)]
    assert "page[number]=2" in pages[0].links.next


@python(
    224,
    call="EventsApi.list_events(filter_created_at_gte=…, filter_created_at_lte=…, sort=created_at)",
)
def lists_the_events_of_a_time_oldest_first(run: Call) -> None:
    _renamed(run.stage)
    day = shown(NOW)[:10]
    listed = run(filter_created_at_gte=day, filter_created_at_lte=day, sort="created_at")
    assert _told(listed)[0]["event_type"] == "customer.create"
    assert _told(run(filter_created_at_lt=day)) == []


@python(224, call="EventsApi.list_events(filter_customer_id=…, filter_service_id=…)")
def lists_the_events_of_a_service(run: Call) -> None:
    service = run.stage.new_service()
    listed = run(filter_customer_id=WIDGETS, filter_service_id=service["id"])
    (only,) = _told(listed)
    assert (only["event_type"], only["service_id"]) == ("service.create", service["id"])


@python(224, call="EventsApi.list_events(filter_token_id=…)")
def lists_every_kind_of_event(run: Call) -> None:
    """One name that the client does not know would make it refuse the whole list."""
    stage = run.stage
    service = stage.new_service()
    stage.new_star(service["id"])
    stage.new_automation_token()
    stage.ask(BOT, "PUT", f"/service/{service['id']}", data={"comment": "by a program"})
    assert run(filter_token_id=BOT.token_id, token=BOT.token).meta.record_count >= 1
    pages = run(page_size=100).meta.total_pages
    for number in range(1, pages + 1):
        assert _told(run(page_size=100, page_number=number))


@python(225, call="EventsApi.get_event(event_id)")
def shows_an_event(run: Call) -> None:
    login = _renamed(run.stage)
    newest = run.stage.ask(ADA, "GET", "/events")["data"][0]["id"]
    event = run(newest).data
    assert event.id == newest
    assert event.attributes.description == f"User '{login}' was updated"


@python(225, call="EventsApi.get_event(event_id)", shows="NotFoundException (404)")
def is_told_that_an_event_is_not_there(run: Call) -> None:
    run.refused("0123456789ABCDEFGHIJKL", by=NotFoundException)
