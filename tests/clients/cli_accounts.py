"""The CLI on customers and users."""

import json

from tests.clients.case import cli
from tests.clients.command import Command
from tests.world import ADA, BEN, BOT, UMA, WIDGETS, WWW


@cli(34, 35, call="whoami --verbose")
def says_who_it_is(run: Command) -> None:
    printed = run()
    assert "Customer name: Example Widgets" in printed
    assert f"User login: {ADA.login}" in printed
    assert f"Token ID: {ADA.token_id}" in printed
    assert f"www ({WWW})" in printed
    assert "Bot's token" in run(token=BOT.token)
    service = run.stage.new_service()
    assert f"{service['name']} ({service['id']})" in run()


@cli(5, call="user list --customer-id {customer_id} --json")
def lists_users(run: Command) -> None:
    user = run.stage.new_user("billing")
    shown = {one["UserID"]: one for one in json.loads(run(customer_id=WIDGETS))}
    assert shown[BEN.id]["Role"] == "engineer"
    assert shown[BEN.id]["LimitServices"] is False
    assert shown[user["id"]]["Login"] == user["login"]
    assert list(shown) == sorted(shown)


@cli(6, call="user describe --current")
def describes_the_current_user(run: Command) -> None:
    printed = run(token=UMA.token)
    assert f"Login: {UMA.login}" in printed
    assert "Role: user" in printed
    assert "Created at: 2026-03-01 10:00:00 +0000 UTC" in printed


@cli(7, call="user describe --id {user_id} --json")
def describes_a_user(run: Command) -> None:
    shown = json.loads(run(user_id=BEN.id))
    assert (shown["Login"], shown["CustomerID"]) == (BEN.login, WIDGETS)
    assert shown["DeletedAt"] is None


@cli(8, call="user create --login {login} --name {name} --role {role}")
def creates_a_user(run: Command) -> None:
    login, name = f"{run.stage.unique('cli')}@example.com", run.stage.unique("Cli Person")
    assert f"Created user '{name}' (role: engineer)" in run(login=login, name=name, role="engineer")
    users = run.stage.ask(ADA, "GET", f"/customer/{WIDGETS}/users")
    assert [one["role"] for one in users if one["login"] == login] == ["engineer"]


@cli(9, call="user update --id {user_id} --name {name} --role {role}")
def updates_a_user(run: Command) -> None:
    user, name = run.stage.new_user(), run.stage.unique("Renamed Person")
    assert f"'{name}' (role: billing)" in run(user_id=user["id"], name=name, role="billing")
    changed = run.stage.ask(ADA, "GET", f"/user/{user['id']}")
    assert (changed["name"], changed["role"]) == (name, "billing")


@cli(12, call="user update --login {login} --password-reset")
def requests_a_password_reset(run: Command) -> None:
    login = run.stage.new_user()["login"]
    assert f"Reset user password (login: {login})" in run(login=login)


@cli(10, call="user delete --id {user_id}")
def deletes_a_user(run: Command) -> None:
    user = run.stage.new_user()
    assert f"Deleted user (id: {user['id']})" in run(user_id=user["id"])
    assert f"Cannot find user '{user['id']}'" in run.fails(user_id=user["id"])
