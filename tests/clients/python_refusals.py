"""What a user of the Python client catches when something is refused."""

import json

from fastly.exceptions import (
    ApiException,
    ForbiddenException,
    NotFoundException,
    UnauthorizedException,
)
from fastly.model.environment_name import EnvironmentName
from fastly.model.sudo_request import SudoRequest

from tests.clients.case import python
from tests.clients.sdk import Call
from tests.world import BEN, BILL, EVE, EXPIRED, LIMITED, PASSWORD, READ_ONLY, UMA, WIDGETS, WWW

NOT_AUTHORIZED = {"msg": "You are not authorized to perform this action"}


@python(1, call="CustomerApi.get_logged_in_customer()", shows="UnauthorizedException (401)")
def a_wrong_token(run: Call) -> None:
    wanted = {"msg": "Provided credentials are missing or invalid"}
    for secret in ("nobody-knows-this-secret", ""):
        refusal = run.refused(token=secret, by=UnauthorizedException)
        assert json.loads(refusal.body) == wanted


@python(22, call="TokensApi.get_token_current()", shows="UnauthorizedException (401)")
def an_expired_token(run: Call) -> None:
    refusal = run.refused(token=EXPIRED, by=UnauthorizedException)
    wanted = {"msg": "Token 6TokenAdaExpired000000 expired at 2026-02-28T10:00:00Z"}
    assert json.loads(refusal.body) == wanted


@python(
    3, call="CustomerApi.update_customer(customer_id, name=…)", shows="ForbiddenException (403)"
)
def a_read_only_token(run: Call) -> None:
    refusal = run.refused(WIDGETS, name="Never", token=READ_ONLY, by=ForbiddenException)
    wanted = {"msg": "Read only tokens are not allowed to access this endpoint"}
    assert json.loads(refusal.body) == wanted


@python(4, call="CustomerApi.delete_customer(customer_id)", shows="ForbiddenException (403)")
def who_is_not_the_owner(run: Call) -> None:
    refusal = run.refused(WIDGETS, token=BEN.token, by=ForbiddenException)
    assert json.loads(refusal.body) == NOT_AUTHORIZED


@python(6, call="UserApi.get_current_user()", shows="ForbiddenException (403)")
def a_token_limited_to_services(run: Call) -> None:
    refusal = run.refused(token=LIMITED, by=ForbiddenException)
    assert json.loads(refusal.body) == NOT_AUTHORIZED


@python(20, call="TokensApi.create_token() without sudo", shows="ForbiddenException (403)")
def a_token_without_sudo(run: Call) -> None:
    secret = run.stage.new_token()["access_token"]
    refusal = run.refused(token=secret, by=ForbiddenException)
    assert json.loads(refusal.body) == {"msg": "You must POST /sudo to access this endpoint"}


@python(
    28,
    call="AutomationTokensApi.create_automation_token() without sudo",
    shows="ForbiddenException (403)",
)
def an_automation_token_without_sudo(run: Call) -> None:
    secret = run.stage.new_token()["access_token"]
    wanted = {"name": "never", "expires_at": None}
    refusal = run.refused(
        automation_token_create_request=wanted, token=secret, by=ForbiddenException
    )
    assert json.loads(refusal.body) == {"msg": "You must POST /sudo to access this endpoint"}


@python(33, call="SudoApi.request_sudo_access(sudo_request=…)", shows="ForbiddenException (403)")
def sudo_with_a_wrong_password(run: Call) -> None:
    asked = SudoRequest(username=UMA.login, password="not " + PASSWORD)
    refusal = run.refused(sudo_request=asked, token=UMA.token, by=ForbiddenException)
    assert json.loads(refusal.body)["code"] == "forbidden"


@python(7, call="UserApi.get_user(user_id)", shows="NotFoundException (404)")
def a_user_of_another_customer(run: Call) -> None:
    refusal = run.refused(EVE.id, by=NotFoundException)
    wanted = {"msg": "Record not found", "detail": f"Cannot find user '{EVE.id}'"}
    assert json.loads(refusal.body) == wanted


@python(2, call="CustomerApi.get_customer(customer_id)", shows="NotFoundException (404)")
def another_customer(run: Call) -> None:
    refusal = run.refused(EVE.customer_id, by=NotFoundException)
    assert json.loads(refusal.body)["detail"] == f"Cannot find customer '{EVE.customer_id}'"


@python(43, call="ServiceApi.get_service(service_id)", shows="NotFoundException (404)")
def a_service_of_another_customer(run: Call) -> None:
    refusal = run.refused(WWW, token=EVE.token, by=NotFoundException)
    assert json.loads(refusal.body)["detail"] == f"Cannot find service '{WWW}'"


@python(42, call="ServiceApi.create_service(name=…)", shows="NotFoundException (404)")
def a_new_service_by_a_token_limited_to_services(run: Call) -> None:
    refusal = run.refused(name="never", token=LIMITED, by=NotFoundException)
    assert json.loads(refusal.body)["detail"] == "Cannot find 'service'"


@python(51, call="StarApi.delete_service_star(star_id)", shows="NotFoundException (404)")
def a_star_that_is_not_there(run: Call) -> None:
    refusal = run.refused("7StarNobody00000000000", by=NotFoundException)
    assert json.loads(refusal.body)["detail"] == "Cannot find star '7StarNobody00000000000'"


@python(29, call="AutomationTokensApi.get_automation_token_id(id)", shows="NotFoundException (404)")
def an_automation_token_that_is_not_there(run: Call) -> None:
    refusal = run.refused("8AutoNobody00000000000", by=NotFoundException)
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert json.loads(refusal.body)["status"] == 404


@python(10, call="UserApi.delete_user(user_id)", shows="ApiException (400)")
def a_user_with_live_tokens(run: Call) -> None:
    refusal = run.refused(BILL.id, by=ApiException)
    wanted = {"msg": "Bad request", "detail": "User has active API tokens"}
    assert json.loads(refusal.body) == wanted


@python(20, call="TokensApi.create_token() with a wrong password", shows="ApiException (400)")
def a_token_with_a_wrong_password(run: Call) -> None:
    refusal = run.refused(basic=(BEN.login, "not " + PASSWORD), token=BEN.token, by=ApiException)
    assert json.loads(refusal.body)["code"] == "invalid_grant"


@python(8, call="UserApi.create_user(login=…)", shows="ApiException (409)")
def a_login_that_is_taken(run: Call) -> None:
    refusal = run.refused(login=BEN.login, by=ApiException)
    wanted = {"msg": "Duplicate record", "detail": f"Duplicate user: '{BEN.login}'"}
    assert json.loads(refusal.body) == wanted


@python(
    55,
    call="VersionApi.update_service_version(service_id, version_id, comment=…)",
    shows="ApiException (422)",
)
def a_version_that_is_locked(run: Call) -> None:
    service_id = run.stage.new_service()["id"]
    run.stage.ask(BEN, "PUT", f"/service/{service_id}/version/1/lock")
    refusal = run.refused(service_id, 1, comment="too late", by=ApiException)
    assert json.loads(refusal.body)["msg"] == "Version locked"


@python(
    call="VersionApi.activate_service_version_environment("
    "service_id, version_id, environment_name)",
    shows="NotFoundException (404)",
)
def staging_a_version_which_is_not_offered(run: Call) -> None:
    refusal = run.refused(WWW, 1, EnvironmentName("staging"), by=NotFoundException)
    assert json.loads(refusal.body)["detail"] == "Cannot find environment 'staging'"


@python(
    call="VersionApi.deactivate_service_version_environment("
    "service_id, version_id, environment_name)",
    shows="NotFoundException (404)",
)
def unstaging_a_version_which_is_not_offered(run: Call) -> None:
    run.refused(WWW, 1, EnvironmentName("staging"), by=NotFoundException)
