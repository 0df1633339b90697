"""The Python client on tokens, automation tokens and sudo."""

from datetime import UTC, datetime, timedelta

from fastly.model.automation_token_create_request import AutomationTokenCreateRequest
from fastly.model.sudo_request import SudoRequest

from tests.clients.case import python
from tests.clients.sdk import Call
from tests.world import ADA, BEN, BOT, PASSWORD, SUE, WIDGETS, WWW

UNREADABLE_IDS = (
    "The client declares `id` and `customer_id` of automation tokens as types that no string "
    "can be, so it rejects every automation token of any server, though not an empty list. A new "
    "token is made all the same. Call it with `_check_return_type=False`."
)


@python(19, call="TokensApi.list_tokens_user()")
def lists_own_tokens(run: Call) -> None:
    never_used = run.stage.new_token(BEN, scope="global:read purge_all")
    expiring = run.stage.new_token(BEN, expires_at="2099-01-01T00:00:00Z")
    tokens = {one.id: one for one in run(token=BEN.token)}
    assert "scope" not in tokens[never_used["id"]]
    assert tokens[never_used["id"]]["scopes"] == ["global:read", "purge_all"]
    assert "last_used_at" not in tokens[never_used["id"]]
    assert tokens[expiring["id"]].expires_at == "2099-01-01T00:00:00Z"
    assert tokens[BEN.token_id].user_agent == "fastly-py/15.0.0"


@python(20, call="TokensApi.create_token()")
def creates_a_token_from_a_password(run: Call) -> None:
    token = run(basic=(BEN.login, PASSWORD), token=BEN.token)
    assert (token.user_id, token.scope, token.services) == (BEN.id, "global", [])
    assert len(token.access_token) == 32
    assert run(basic=(BEN.login, PASSWORD), token="").user_id == BEN.id


@python(20, call="TokensApi.create_token() in sudo mode")
def creates_a_token_in_sudo_mode(run: Call) -> None:
    lifted = run.stage.new_token()["access_token"]
    run.stage.ask(lifted, "POST", "/sudo", data={"password": PASSWORD})
    assert run(token=lifted).user_id == ADA.id


@python(21, call="TokensApi.bulk_revoke_tokens(request_body={…})")
def revokes_many_tokens(run: Call) -> None:
    ids = {run.stage.new_token()["id"] for _ in range(2)}
    run(request_body={"data": [{"type": "token", "id": one} for one in ids]})
    assert not ids & {one["id"] for one in run.stage.ask(ADA, "GET", "/tokens")}


@python(22, call="TokensApi.get_token_current()")
def reads_the_current_token(run: Call) -> None:
    token = run()
    assert (token.id, token.user_id, token.scope) == (ADA.token_id, ADA.id, "global")
    assert token.ip == "127.0.0.1"
    assert run(token=BOT.token).user_id == BOT.token_id


@python(23, call="TokensApi.revoke_token_current()")
def revokes_the_current_token(run: Call) -> None:
    secret = run.stage.new_token()["access_token"]
    assert run(token=secret) is None
    assert run.stage.client.get("/tokens/self", headers={"Fastly-Key": secret}).status_code == 401


@python(24, call="TokensApi.get_token(token_id)")
def reads_a_token(run: Call) -> None:
    token = run.stage.new_token(BEN, services=WWW)
    found = run(token["id"])
    assert (found.name, found.services) == (token["name"], [WWW])


@python(25, call="TokensApi.revoke_token(token_id)")
def revokes_a_token(run: Call) -> None:
    assert run(run.stage.new_token(BEN)["id"]) is None


@python(26, call="TokensApi.list_tokens_customer(customer_id)")
def lists_tokens_of_the_customer(run: Call) -> None:
    owners = {one.user_id for one in run(WIDGETS)}
    assert owners >= {ADA.id, BEN.id}


@python(
    27,
    call="AutomationTokensApi.list_automation_tokens()",
    deviation=UNREADABLE_IDS,
)
def lists_automation_tokens(run: Call) -> None:
    token = run.stage.new_automation_token(services=[WWW])
    run.breaks(on="id")
    found = {one["id"]: one for one in run(per_page=100, page=1, _check_return_type=False)}
    assert found[token["id"]]["role"] == "engineer"
    assert found[token["id"]]["services"] == [WWW]


@python(27, call="AutomationTokensApi.list_automation_tokens() of a customer that has none")
def lists_no_automation_tokens(run: Call) -> None:
    assert run(token=run.stage.crowded.token) == []


@python(
    28,
    call="AutomationTokensApi.create_automation_token(automation_token_create_request=…)",
    deviation=UNREADABLE_IDS,
)
def creates_an_automation_token(run: Call) -> None:
    run.stage.ask(SUE, "POST", "/sudo", data={"password": PASSWORD})
    name = run.stage.unique("sdk automation")
    wanted = AutomationTokenCreateRequest(
        name=name, role="engineer", scope="global", services=[WWW], expires_at=None
    )
    run.breaks(automation_token_create_request=wanted, token=SUE.token, on="id")
    token = run(automation_token_create_request=wanted, token=SUE.token, _check_return_type=False)
    assert (token["name"], token["services"]) == (name, [WWW])
    assert run.stage.ask(token["access_token"], "GET", "/tokens/self")["id"] == token["id"]


@python(
    29,
    call="AutomationTokensApi.get_automation_token_id(id)",
    deviation=UNREADABLE_IDS,
)
def reads_an_automation_token(run: Call) -> None:
    token = run.stage.new_automation_token(services=[WWW])
    run.breaks(token["id"], on="id|expires_at")
    found = run(token["id"], _check_return_type=False)
    assert (found["name"], found["customer_id"]) == (token["name"], WIDGETS)


@python(30, call="AutomationTokensApi.get_automation_tokens_id_services(id)")
def lists_services_of_an_automation_token(run: Call) -> None:
    assert run(run.stage.new_automation_token(services=[WWW])["id"]).data == [WWW]
    assert run(run.stage.new_automation_token()["id"], per_page=5, page=1).data == []


@python(31, call="AutomationTokensApi.get_automation_tokens_id_workspaces(id)")
def lists_workspaces_of_an_automation_token(run: Call) -> None:
    found = run(run.stage.new_automation_token()["id"])
    assert (found.data, found.limit_workspaces) == ([], True)
    assert found.meta.next_cursor == ""


@python(32, call="AutomationTokensApi.revoke_automation_token_id(id)")
def revokes_an_automation_token(run: Call) -> None:
    token = run.stage.new_automation_token()
    assert run(token["id"]).to_dict() == {}
    known = run.stage.client.get("/tokens/self", headers={"Fastly-Key": token["access_token"]})
    assert known.status_code == 401


@python(33, call="SudoApi.request_sudo_access(sudo_request=…)")
def lifts_a_token(run: Call) -> None:
    secret = run.stage.new_token()["access_token"]
    asked = SudoRequest(username=ADA.login, password=PASSWORD)
    until = run(sudo_request=asked, token=secret).expiry_time
    assert timedelta(0) < until - datetime.now(UTC) <= timedelta(minutes=5)
