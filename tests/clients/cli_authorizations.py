"""The CLI on service authorizations."""

import json

from tests.clients.case import cli
from tests.clients.command import Command
from tests.clients.stage import Stage
from tests.world import ADA, UMA


def authorized(stage: Stage, permission: str = "read_only") -> tuple[str, str, str]:
    """A new engineer, let through to a new service: the authorization, the user, the service."""
    user_id = stage.new_user("engineer")["id"]
    service_id = stage.new_service()["id"]
    linked = {"service": {"data": {"id": service_id}}, "user": {"data": {"id": user_id}}}
    data = {"relationships": linked, "attributes": {"permission": permission}}
    made = stage.ask(ADA, "POST", "/service-authorizations", json={"data": data})
    return made["data"]["id"], user_id, service_id


def _permission(run: Command, authorization_id: str) -> str:
    told = run.stage.ask(ADA, "GET", f"/service-authorizations/{authorization_id}")
    permission: str = told["data"]["attributes"]["permission"]
    return permission


@cli(101, call="service auth list --json --page 1 --per-page 100")
def lists_service_authorizations(run: Command) -> None:
    authorization_id, user_id, service_id = authorized(run.stage)
    items = json.loads(run())["Items"]
    found = next(one for one in items if one["ID"] == authorization_id)
    assert (found["User"]["ID"], found["Service"]["ID"]) == (user_id, service_id)


@cli(101, call="service-auth list")
def lists_service_authorizations_in_a_table(run: Command) -> None:
    authorized(run.stage)
    heading, *lines = run().split("\n")
    assert heading.split() == ["AUTH", "ID", "USER", "ID", "SERVICE", "ID", "PERMISSION"]
    assert lines


@cli(
    102,
    call="service auth create --user-id {user_id} --service-id {service_id} --permission full",
)
def authorizes_a_user(run: Command) -> None:
    """Then he is limited to what he is authorized for."""
    user_id = run.stage.new_user("engineer")["id"]
    said = run(user_id=user_id, service_id=run.stage.new_service()["id"])
    assert "Created service authorization" in said
    assert _permission(run, said.split()[-1]) == "full"
    assert run.stage.ask(ADA, "GET", f"/user/{user_id}")["limit_services"] is True


@cli(40, 102, call="service auth create --user-id {user_id} --service-name {name}")
def authorizes_a_user_for_a_service_by_its_name(run: Command) -> None:
    """The CLI's own default is read_only."""
    user_id = run.stage.new_user("engineer")["id"]
    said = run(user_id=user_id, name=run.stage.new_service()["name"])
    assert _permission(run, said.split()[-1]) == "read_only"


@cli(103, call="service auth describe --id {authorization_id} --json")
def describes_a_service_authorization(run: Command) -> None:
    authorization_id, user_id, service_id = authorized(run.stage)
    shown = json.loads(run(authorization_id=authorization_id))
    assert (shown["ID"], shown["Permission"]) == (authorization_id, "read_only")
    assert (shown["User"]["ID"], shown["Service"]["ID"]) == (user_id, service_id)


@cli(104, call="service auth update --id {authorization_id} --permission purge_all")
def changes_a_service_authorization(run: Command) -> None:
    authorization_id, _, _ = authorized(run.stage)
    said = run(authorization_id=authorization_id)
    assert f"Updated service authorization {authorization_id}" in said
    assert _permission(run, authorization_id) == "purge_all"


@cli(105, call="service auth delete --id {authorization_id}")
def withdraws_a_service_authorization(run: Command) -> None:
    authorization_id, _, _ = authorized(run.stage)
    assert "Deleted service authorization" in run(authorization_id=authorization_id)
    listed = run.stage.ask(ADA, "GET", "/service-authorizations?page[size]=100")
    assert authorization_id not in {one["id"] for one in listed["data"]}


@cli(
    105,
    call="service auth delete --id {authorization_id}",
    shows="Record not found (Cannot find serviceauthorization '0Unknown00000000000000')",
)
def a_service_authorization_that_is_gone(run: Command) -> None:
    run.fails(authorization_id="0Unknown00000000000000")


@cli(
    102,
    call="service auth create --user-id {user_id} --service-id {service_id}",
    shows="Record invalid (Role 'user' is not allowed to be service limited)",
)
def a_service_authorization_for_a_role_without_limits(run: Command) -> None:
    run.fails(user_id=UMA.id, service_id=run.stage.new_service()["id"])
