"""The CLI on services and their versions."""

import json
import re

from tests.clients.case import cli
from tests.clients.command import Command
from tests.world import ADA, API, WIDGETS, WWW


@cli(40, call="service list --json")
def lists_all_services_over_several_pages(run: Command) -> None:
    wanted = run.stage.many_services
    shown = json.loads(run(token=run.stage.crowded.token))
    assert len(shown) == len(wanted)
    assert {one["Name"] for one in shown} == wanted


@cli(40, call="service list --page 3 --per-page 100 --sort name --direction descend --json")
def lists_one_page_of_services(run: Command) -> None:
    wanted = sorted(run.stage.many_services, reverse=True)[200:]
    shown = json.loads(run(token=run.stage.crowded.token))
    assert [one["Name"] for one in shown] == wanted


@cli(40, call="service list")
def lists_services_in_a_table(run: Command) -> None:
    assert re.search(rf"api +{API} +vcl +n/a +2026-03-01 10:00", run())


@cli(42, call="service create --name {name} --type wasm --comment {comment}")
def creates_a_service(run: Command) -> None:
    name = run.stage.unique("cli service")
    told = re.search(r"Created service (\w{22})", run(name=name, comment="made by a test"))
    assert told is not None
    service = run.stage.ask(ADA, "GET", f"/service/{told[1]}")
    assert (service["name"], service["type"], service["comment"]) == (
        name,
        "wasm",
        "made by a test",
    )


@cli(42, call="service create")
def creates_a_service_without_a_name(run: Command) -> None:
    assert re.search(r"Created service \w{22}", run())


@cli(44, call="service describe --service-id {service_id} --json")
def describes_a_service(run: Command) -> None:
    service = run.stage.new_service()
    shown = json.loads(run(service_id=service["id"]))
    assert (shown["Name"], shown["CustomerID"]) == (service["name"], WIDGETS)
    assert shown["ActiveVersion"] is None
    assert (shown["Version"]["Number"], shown["Version"]["Locked"]) == (1, False)


@cli(40, 44, call="service describe --service-name {name}")
def describes_a_service_by_its_name(run: Command) -> None:
    service = run.stage.new_service()
    assert f"ID: {service['id']}" in run(name=service["name"])
    run.stage.ask(ADA, "DELETE", f"/service/{service['id']}")


@cli(41, call="service search --name {name} --json")
def finds_a_service(run: Command) -> None:
    service = run.stage.new_service()
    assert json.loads(run(name=service["name"]))["ServiceID"] == service["id"]


@cli(45, call="service update --service-id {service_id} --name {name} --comment {comment}")
def updates_a_service(run: Command) -> None:
    service, name = run.stage.new_service(), run.stage.unique("renamed service")
    run(service_id=service["id"], name=name, comment="changed")
    changed = run.stage.ask(ADA, "GET", f"/service/{service['id']}")
    assert (changed["name"], changed["comment"]) == (name, "changed")


@cli(46, call="service delete --service-id {service_id}")
def deletes_a_service(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    assert f"Deleted service ID {service_id}" in run(service_id=service_id)
    assert run.stage.ask(ADA, "GET", f"/service/{service_id}")["deleted_at"] is not None


@cli(44, 57, 46, call="service delete --service-id {service_id} --force")
def deletes_an_active_service(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/activate")
    assert f"Deleted service ID {service_id}" in run(service_id=service_id)


@cli(52, call="service version list --service-id {service_id} --json")
def lists_versions(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/clone")
    shown = json.loads(run(service_id=service_id))
    assert [one["Number"] for one in shown] == [1, 2]
    assert {one["ServiceID"] for one in shown} == {service_id}
    assert json.loads(run(service_id=WWW))[0]["Number"] == 1


@cli(
    53, 55, call="service version update --service-id {service_id} --version 1 --comment {comment}"
)
def updates_a_version(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    assert "Updated service" in run(service_id=service_id, comment="why")
    assert _version(run, service_id)["comment"] == "why"


@cli(52, 56, call="service version activate --service-id {service_id} --version latest")
def activates_a_version(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    assert f"Activated service {service_id} version 1" in run(service_id=service_id)
    version = _version(run, service_id)
    assert (version["active"], version["locked"]) == (True, True)


@cli(44, 57, call="service version deactivate --service-id {service_id} --version active")
def deactivates_a_version(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/activate")
    assert f"Deactivated service {service_id} version 1" in run(service_id=service_id)
    assert _version(run, service_id)["active"] is False


@cli(53, 58, call="service version clone --service-id {service_id} --version 1")
def clones_a_version(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    assert "version 1 to version 2" in run(service_id=service_id)


@cli(53, 59, call="service version lock --service-id {service_id} --version 1")
def locks_a_version(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    assert f"Locked service {service_id} version 1" in run(service_id=service_id)
    assert _version(run, service_id)["locked"] is True


def _version(run: Command, service_id: str) -> dict[str, object]:
    found: dict[str, object] = run.stage.ask(ADA, "GET", f"/service/{service_id}/version/1")
    return found
