"""The Python client on service authorizations."""

import json
from datetime import datetime
from typing import Any

import pytest
from fastly.exceptions import ApiException, ApiValueError

from tests.clients.case import python
from tests.clients.cli_authorizations import authorized
from tests.clients.sdk import Call

TWICE = (
    "The `attributes` of what `.data` holds cannot be read by name, whatever the server answers: "
    "the client keeps them twice, as two types, and finds that they differ. Read `to_dict()`, or "
    "call it with `_check_return_type=False`."
)


def _data(answer: Any) -> Any:
    """The data of an answer, as plain values; and that they cannot be had otherwise."""
    one = answer.data[0] if isinstance(answer.data, list) else answer.data
    with pytest.raises(ApiValueError, match="differ"):
        _ = one.attributes
    return answer.to_dict()["data"]


def _linked(user_id: str, service_id: str) -> dict[str, Any]:
    """As the client's models have it: the service bare, the user in `data`."""
    service = {"type": "service", "id": service_id}
    return {"service": service, "user": {"data": {"type": "user", "id": user_id}}}


@python(101, call="ServiceAuthorizationsApi.list_service_authorization(page_number=…, page_size=…)")
def lists_service_authorizations(run: Call) -> None:
    made = [authorized(run.stage)[0] for _ in range(3)]
    found: list[str] = []
    number, pages = 1, 2
    while number <= pages:
        page = run(page_number=number, page_size=2)
        found += [one.id for one in page.data]
        pages = page.meta.total_pages
        assert page.links.last.startswith(run.stage.server.url)
        number += 1
    assert set(made) <= set(found)
    assert len(found) == len(set(found))


@python(
    102,
    call="ServiceAuthorizationsApi.create_service_authorization(service_authorization=…)",
    deviation=TWICE,
)
def authorizes_a_user(run: Call) -> None:
    user_id = run.stage.new_user("engineer")["id"]
    service_id = run.stage.new_service()["id"]
    data = {"type": "service_authorization", "relationships": _linked(user_id, service_id)}
    made = _data(run(service_authorization={"data": data}))
    assert made["type"] == "service_authorization"
    assert made["attributes"]["permission"] == "full"
    assert isinstance(made["attributes"]["created_at"], datetime)
    assert made["relationships"]["service"]["data"]["id"] == service_id


@python(
    103,
    call="ServiceAuthorizationsApi.show_service_authorization(service_authorization_id)",
    deviation=TWICE,
)
def reads_a_service_authorization(run: Call) -> None:
    authorization_id, _, _ = authorized(run.stage)
    assert _data(run(authorization_id))["attributes"]["permission"] == "read_only"


@python(
    104,
    call="ServiceAuthorizationsApi.update_service_authorization"
    "(service_authorization_id, service_authorization=…)",
    deviation=TWICE,
)
def changes_a_service_authorization(run: Call) -> None:
    authorization_id, _, _ = authorized(run.stage)
    data = {"type": "service_authorization", "attributes": {"permission": "purge_select"}}
    changed = _data(run(authorization_id, service_authorization={"data": data}))
    assert changed["id"] == authorization_id
    assert changed["attributes"]["permission"] == "purge_select"


@python(105, call="ServiceAuthorizationsApi.delete_service_authorization(service_authorization_id)")
def withdraws_a_service_authorization(run: Call) -> None:
    assert run(authorized(run.stage)[0]) is None


@python(
    106,
    call="ServiceAuthorizationsApi.update_service_authorization2(request_body={…})",
    deviation=TWICE,
)
def changes_many_service_authorizations(run: Call) -> None:
    ids = [authorized(run.stage)[0] for _ in range(2)]
    items = [
        {"id": one, "type": "service_authorization", "attributes": {"permission": "purge_all"}}
        for one in ids
    ]
    changed = _data(run(request_body={"data": items}))
    assert [one["id"] for one in changed] == ids
    assert {one["attributes"]["permission"] for one in changed} == {"purge_all"}


@python(
    107,
    call="ServiceAuthorizationsApi.delete_service_authorization2(request_body={…})",
    deviation=TWICE,
)
def withdraws_many_service_authorizations(run: Call) -> None:
    ids = [authorized(run.stage)[0] for _ in range(2)]
    items = [{"id": one, "type": "service_authorization"} for one in ids]
    gone = _data(run(request_body={"data": items}))
    assert [one["id"] for one in gone] == ids
    assert all(isinstance(one["attributes"]["deleted_at"], datetime) for one in gone)


@python(
    102,
    call="ServiceAuthorizationsApi.create_service_authorization(service_authorization=…)",
    shows="ApiException (409)",
)
def a_service_authorization_that_stands(run: Call) -> None:
    _, user_id, service_id = authorized(run.stage)
    data = {"type": "service_authorization", "relationships": _linked(user_id, service_id)}
    refusal = run.refused(service_authorization={"data": data}, by=ApiException)
    detail = f"Duplicate serviceauthorization: '{user_id}/{service_id}'"
    assert json.loads(refusal.body)["detail"] == detail
