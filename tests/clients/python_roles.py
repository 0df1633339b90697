"""The Python client on roles and permissions; it reads them, the older form is beyond it."""

from typing import Any

import pytest
from fastly.exceptions import ApiValueError, NotFoundException

from tenantry.core.permissions import PERMISSION_IDS, ROLE_IDS
from tests.clients.case import python
from tests.clients.sdk import Call
from tests.clients.stage import Stage
from tests.world import ADA, EVE, UMA


def _role(stage: Stage, *permissions: str) -> dict[str, Any]:
    """A role of the customer's own."""
    named = [{"id": PERMISSION_IDS[one]} for one in permissions]
    body = {"name": stage.unique("Role"), "permissions": named}
    made: dict[str, Any] = stage.ask(ADA, "POST", "/roles", json=body)
    return made


@python(112, call="IamPermissionsApi.list_permissions()")
def lists_permissions(run: Call) -> None:
    answer = run(token=UMA.token)
    names = [one["name"] for one in answer["data"]]
    assert {"user.read", "service.purge_all"} <= set(names)
    assert answer["meta"]["record_count"] == len(names)


@python(113, call="IamRolesApi.iam_v1_roles_list(limit=…, cursor=…)")
def lists_roles_to_the_last(run: Call) -> None:
    own = _role(run.stage, "event.read")
    first = run(limit=6, token=UMA.token)
    assert [one.name for one in first.data][:2] == ["superuser", "engineer"]
    assert (first.limit, len(first.data)) == (6, 6)
    found: dict[str, Any] = {}
    cursor = first.next_cursor
    while cursor:
        page = run(limit=1, cursor=cursor)
        found |= {one.id: one for one in page.data}
        cursor = page.next_cursor
    assert found[own["id"]].permissions == ["event.read"]
    # Of a customer with no role of its own.
    assert run(limit=6, token=EVE.token).next_cursor == ""


@python(114, call="IamRolesApi.iam_v1_roles_get(role_id, include=…)")
def reads_a_role(run: Call) -> None:
    billing = run(ROLE_IDS["billing"])
    assert (billing.name, billing.display_name) == ("billing", "Billing")
    assert "invoice.read" in billing.permissions
    own = _role(run.stage, "event.read")
    told = run(own["id"], include="permissions", token=UMA.token)
    assert (told.name, told.description, told.permissions) == (own["name"], "", ["event.read"])
    with pytest.raises(ApiValueError):
        run(own["id"], include="users")


@python(8, call="UserApi.create_user(login=…, roles=[…])")
def creates_a_user_with_roles(run: Call) -> None:
    own = _role(run.stage, "event.read")
    login = f"{run.stage.unique('sdk')}@example.com"
    user = run(login=login, roles=[own["id"], ROLE_IDS["billing"]])
    assert (user.role.value, user.roles) == ("billing", [ROLE_IDS["billing"], own["id"]])


@python(9, call="UserApi.update_user(user_id, roles=[…])")
def gives_a_user_roles(run: Call) -> None:
    own = _role(run.stage, "event.read")
    user_id = run.stage.new_user("engineer")["id"]
    user = run(user_id, roles=[own["id"]])
    assert (user.role.value, user.roles) == ("user", [own["id"]])
    assert run(user_id, roles=[]).roles == [own["id"]]


@python(
    114, call="IamRolesApi.iam_v1_roles_get(role_id) of nobody", shows="NotFoundException (404)"
)
def a_role_that_is_absent(run: Call) -> None:
    run.refused("0Unknown00000000000000", by=NotFoundException)
