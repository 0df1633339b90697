"""The CLI on tokens."""

import json
import re

from tests.clients.case import cli
from tests.clients.command import Command
from tests.world import ADA, BEN, BOT, PASSWORD, WIDGETS, WWW


@cli(19, call="auth-token list --json")
def lists_own_tokens(run: Command) -> None:
    token = run.stage.new_token(BEN, scope="global:read", expires_at="2099-01-01T00:00:00Z")
    shown = {one["TokenID"]: one for one in json.loads(run(token=BEN.token))}
    assert {one["UserID"] for one in shown.values()} == {BEN.id}
    assert shown[token["id"]]["Scope"] == "global:read"
    assert shown[token["id"]]["ExpiresAt"] == "2099-01-01T00:00:00Z"
    assert shown[BEN.token_id]["IP"] == "127.0.0.1"


@cli(26, call="auth-token list --customer-id {customer_id}")
def lists_tokens_of_the_customer(run: Command) -> None:
    printed = run(customer_id=WIDGETS)
    assert re.search(rf"Ben's token +{BEN.token_id} +{BEN.id} +global", printed)
    assert BOT.token_id not in printed


@cli(22, call="auth-token describe --json")
def describes_the_current_token(run: Command) -> None:
    shown = json.loads(run())
    assert (shown["TokenID"], shown["UserID"]) == (ADA.token_id, ADA.id)
    token = run.stage.new_token(services=WWW)
    assert json.loads(run(token=token["access_token"]))["Services"] == [WWW]
    assert json.loads(run(token=BOT.token))["Name"] == "Bot's token"


@cli(
    33,
    20,
    call="auth-token create --password {password} --name {name} --scope global:read "
    "--services {service_id} --expires 2099-01-01T00:00:00Z",
)
def creates_a_token(run: Command) -> None:
    name = run.stage.unique("cli token")
    printed = run(password=PASSWORD, name=name, service_id=WWW)
    told = re.search(
        r"Created token '(.{32})' \(name: (.*), id: (\w{22}), scope: global:read", printed
    )
    assert told is not None, printed
    token = run.stage.ask(told[1], "GET", "/tokens/self")
    assert (token["name"], token["id"]) == (name, told[3])
    assert (token["services"], token["expires_at"]) == ([WWW], "2099-01-01T00:00:00Z")


@cli(20, call="auth-token create --password {password}")
def creates_a_token_from_a_password_alone(run: Command) -> None:
    assert "scope: global" in run(password=PASSWORD)


@cli(25, call="auth-token delete --id {token_id}")
def deletes_a_token(run: Command) -> None:
    token = run.stage.new_token(BEN)
    assert f"Deleted token '{token['id']}'" in run(token_id=token["id"])
    assert "Cannot find token" in run.fails(token_id=token["id"])
    automation = run.stage.new_automation_token()
    assert f"Deleted token '{automation['id']}'" in run(token_id=automation["id"])


@cli(23, call="auth-token delete --current")
def deletes_the_current_token(run: Command) -> None:
    secret = run.stage.new_token()["access_token"]
    assert "Deleted current token" in run(token=secret)
    assert "missing, incorrect, or expired" in run.fails(token=secret)


@cli(21, call="auth-token delete --file {file}")
def deletes_many_tokens(run: Command) -> None:
    tokens = [run.stage.new_token() for _ in range(3)]
    file = run.stage.folder() / "tokens"
    file.write_text("".join(f"{token['id']}\n" for token in tokens))
    run(file=str(file))
    left = {token["id"] for token in run.stage.ask(ADA, "GET", "/tokens")}
    assert not left & {token["id"] for token in tokens}
    assert ADA.token_id in left


@cli(6, 22, call="auth add {name} --api-token {secret}")
def remembers_a_token(run: Command) -> None:
    assert "work" in run(token=None, name="work", secret=run.stage.new_token()["access_token"])


@cli(6, 22, call="auth login --token {name}")
def signs_in_with_a_pasted_token(run: Command) -> None:
    secret = run.stage.new_token()["access_token"]
    assert ADA.login in run(token=None, name="work", typed=secret)


@cli(23, call="auth revoke --token-value {secret}")
def revokes_a_token_by_its_secret(run: Command) -> None:
    secret = run.stage.new_token()["access_token"]
    run(secret=secret)
    assert run.stage.client.get("/tokens/self", headers={"Fastly-Key": secret}).status_code == 401
    assert "already" in run(secret=secret)


@cli(25, call="auth revoke --id {token_id}")
def revokes_a_token_by_its_id(run: Command) -> None:
    token_id = run.stage.new_token(BEN)["id"]
    run(token_id=token_id)
    assert "already" in run(token_id=token_id)


@cli(21, call="auth revoke --file {file}")
def revokes_many_tokens(run: Command) -> None:
    tokens = [run.stage.new_token() for _ in range(2)]
    file = run.stage.folder() / "tokens"
    file.write_text("".join(f"{token['id']}\n" for token in tokens))
    run(file=str(file))
    left = {token["id"] for token in run.stage.ask(ADA, "GET", "/tokens")}
    assert not left & {token["id"] for token in tokens}
