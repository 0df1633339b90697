"""Every case, on both databases; and no endpoint that a client has without one."""

import fastly.apis
import pytest

from tests.clients.case import Case, all_cases, operation_name
from tests.clients.endpoints import ENDPOINTS
from tests.clients.stage import Stage

CASES = all_cases()


def _id(case: Case) -> str:
    return f"{case.client}-{case.name}"


@pytest.mark.live
@pytest.mark.clients
@pytest.mark.parametrize("case", CASES, ids=_id)
def test_an_official_client_works(case: Case, stage: Stage) -> None:
    case.play(stage)


def test_each_endpoint_is_called_by_each_client_that_has_it() -> None:
    wanted = {(client, number) for number, row in ENDPOINTS.items() for client in row.clients}
    played = {
        (case.client, number) for case in CASES if not case.shows for number in case.endpoints
    }
    assert played == wanted


def test_each_endpoint_of_the_contract_is_served() -> None:
    assert all(operation_name(number) for number in ENDPOINTS)


@pytest.mark.parametrize(
    "name",
    [
        "AutomationTokensApi",
        "BillingAddressApi",
        "BillingInvoicesApi",
        "BillingUsageMetricsApi",
        "ContactApi",
        "CustomerAddressesApi",
        "CustomerApi",
        "EventsApi",
        "IamPermissionsApi",
        "IamRolesApi",
        "IamServiceGroupsApi",
        "IamUserGroupsApi",
        "InvitationsApi",
        "ServiceApi",
        "ServiceAuthorizationsApi",
        "StarApi",
        "SudoApi",
        "TokensApi",
        "UserApi",
        "VersionApi",
    ],
)
def test_each_method_of_the_python_client_is_called(name: str) -> None:
    methods = {
        method
        for method, function in vars(getattr(fastly.apis, name)).items()
        if callable(function) and not method.startswith("_")
    }
    calls = (case.call.partition("(")[0] for case in CASES if case.client == "Python")
    assert methods == {call.partition(".")[2] for call in calls if call.startswith(f"{name}.")}
