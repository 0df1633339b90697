"""What a user of the CLI reads when something is refused."""

from tests.clients.case import cli
from tests.clients.command import Command
from tests.world import (
    ADA,
    BEN,
    BILL,
    ELSEWHERE,
    EVE,
    EXPIRED,
    LIMITED,
    PASSWORD,
    READ_ONLY,
    UMA,
    WIDGETS,
    WWW,
)

LOGIN_HINT = "This error is likely caused by a missing, incorrect, or expired Fastly API token"
PERMISSION_HINT = "This error may indicate insufficient token permissions"
NOT_AUTHORIZED = "403 Forbidden: You are not authorized to perform this action."


@cli(34, call="whoami", shows="Provided credentials are missing or invalid")
def a_wrong_token(run: Command) -> None:
    assert LOGIN_HINT in run.fails(token="nobody-knows-this-secret")


@cli(
    5,
    call="user list --customer-id {customer_id}",
    shows="401 Unauthorized: Token 6TokenAdaExpired000000 expired at 2026-02-28T10:00:00Z.",
)
def an_expired_token(run: Command) -> None:
    assert LOGIN_HINT in run.fails(token=EXPIRED, customer_id=WIDGETS)


@cli(
    8,
    call="user create --login {login} --name {name}",
    shows="403 Forbidden: Read only tokens are not allowed to access this endpoint.",
)
def a_read_only_token(run: Command) -> None:
    said = run.fails(token=READ_ONLY, login="never@example.com", name="Never")
    assert PERMISSION_HINT in said


@cli(10, call="user delete --id {user_id}", shows=NOT_AUTHORIZED)
def a_role_that_may_not(run: Command) -> None:
    assert PERMISSION_HINT in run.fails(token=UMA.token, user_id=BEN.id)


@cli(26, call="auth-token list --customer-id {customer_id}", shows=NOT_AUTHORIZED)
def other_peoples_tokens(run: Command) -> None:
    run.fails(token=BEN.token, customer_id=WIDGETS)


@cli(6, call="user describe --current", shows=NOT_AUTHORIZED)
def a_token_limited_to_services(run: Command) -> None:
    run.fails(token=LIMITED)


@cli(
    7,
    call="user describe --id {user_id}",
    shows="404 Not Found: Record not found (Cannot find user '5UserNobody00000000000').",
)
def a_user_who_is_not_there(run: Command) -> None:
    assert f"Cannot find user '{EVE.id}'" in run.fails(user_id=EVE.id)
    run.fails(user_id="5UserNobody00000000000")


@cli(
    5,
    call="user list --customer-id {customer_id}",
    shows="404 Not Found: Record not found (Cannot find customer '2OtherCompany000000000').",
)
def another_customer(run: Command) -> None:
    run.fails(customer_id=EVE.customer_id)


@cli(
    10,
    call="user delete --id {user_id}",
    shows="400 Bad Request: Bad request (User has active API tokens).",
)
def a_user_with_live_tokens(run: Command) -> None:
    run.fails(user_id=BILL.id)


@cli(
    8,
    call="user create --login {login} --name {name}",
    shows="409 Conflict: Duplicate record (Duplicate user: 'ben@example.com').",
)
def a_login_that_is_taken(run: Command) -> None:
    run.fails(login=BEN.login, name="Ben Again")


@cli(
    8,
    call="user create --login {login}",
    shows="400 Bad Request: Bad request (Login must be an e-mail address",
)
def a_login_that_is_no_address(run: Command) -> None:
    run.fails(login="nobody at all")


@cli(8, call="user create", shows="400 Bad Request: Bad request (Login is required).")
def a_user_without_a_login(run: Command) -> None:
    run.fails()


@cli(
    33,
    call="auth-token create --password {password}",
    shows="403 Forbidden: Invalid username or password.",
)
def a_wrong_password(run: Command) -> None:
    run.fails(token=UMA.token, password="not " + PASSWORD)


@cli(
    33,
    20,
    call="auth-token create --password {password} --expires 2020-01-01T00:00:00Z",
    shows="422 Unprocessable Entity: Invalid value for expires_at",
)
def a_token_that_has_expired_already(run: Command) -> None:
    run.fails(password=PASSWORD)


@cli(
    33,
    20,
    call="auth-token create --password {password} --services {service_id}",
    shows="400 Bad Request: Cannot find service '3ServiceElse0000000000'.",
)
def a_token_for_a_service_of_another_customer(run: Command) -> None:
    run.fails(password=PASSWORD, service_id=ELSEWHERE)


@cli(21, call="auth-token delete --file {file}", shows="404 Not Found: Record not found")
def many_tokens_of_which_one_is_not_there(run: Command) -> None:
    token = run.stage.new_token()
    file = run.stage.folder() / "tokens"
    file.write_text(f"{token['id']}\n6TokenNobody0000000000\n")
    run.fails(file=str(file))
    assert token["id"] in {one["id"] for one in run.stage.ask(ADA, "GET", "/tokens")}


@cli(
    44,
    call="service describe --service-id {service_id}",
    shows="Cannot find service '3ServiceWww00000000000'",
)
def a_service_of_another_customer(run: Command) -> None:
    run.fails(token=EVE.token, service_id=WWW)


@cli(41, call="service search --name {name}", shows="Cannot find service 'nobody has this'")
def a_service_name_that_nobody_has(run: Command) -> None:
    run.fails(name="nobody has this")


@cli(42, call="service create --name {name}", shows="Duplicate record (Duplicate service: 'www')")
def a_service_name_that_is_taken(run: Command) -> None:
    run.fails(name="www")


@cli(42, call="service create --name {name}", shows="Record not found (Cannot find 'service')")
def a_new_service_by_a_token_limited_to_services(run: Command) -> None:
    run.fails(token=LIMITED, name="never")


@cli(
    46,
    call="service delete --service-id {service_id}",
    shows="Cannot delete service with active version",
)
def a_service_that_is_active(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/activate")
    assert "Try fastly service delete --force" in run.fails(service_id=service_id)


@cli(
    53,
    55,
    call="service version update --service-id {service_id} --version 1 --comment {comment}",
    shows="422 Unprocessable Entity: Version locked",
)
def a_version_that_is_locked(run: Command) -> None:
    service_id = run.stage.new_service()["id"]
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/lock")
    said = run.fails(service_id=service_id, comment="too late")
    assert f"(Version '1' for service '{service_id}' is locked)." in said


@cli(
    53,
    call="service version update --service-id {service_id} --version 7 --comment {comment}",
    shows="404 Not Found: Record not found (Cannot find version '7').",
)
def a_version_that_is_not_there(run: Command) -> None:
    run.fails(service_id=WWW, comment="nothing")


@cli(
    53,
    call="service version stage --service-id {service_id} --version 1",
    shows="404 Not Found: Record not found (Cannot find environment 'staging').",
)
def staging_a_version_which_is_not_offered(run: Command) -> None:
    run.fails(service_id=WWW)
