"""The Python client on services, their versions, and stars."""

from datetime import datetime

import pytest
from fastly.exceptions import ApiValueError

from tests.clients.case import python
from tests.clients.sdk import Call
from tests.world import ADA, WIDGETS, WWW


@python(40, call="ServiceApi.list_services(page=…, per_page=…, sort=…, direction=…)")
def lists_services(run: Call) -> None:
    secret = run.stage.crowded.token
    wanted = sorted(run.stage.many_services, reverse=True)
    pages = [
        run(page=page, per_page=100, sort="name", direction="descend", token=secret)
        for page in (3, 4)
    ]
    assert [[one.name for one in page] for page in pages] == [wanted[200:], []]
    first = run(sort="name", direction="descend", token=secret)
    assert [one.name for one in first] == wanted[:20]
    assert (first[0].version, first[0].versions[0].number) == (1, 1)
    assert isinstance(first[0].created_at, datetime)


@python(41, call="ServiceApi.search_service(name)")
def finds_a_service(run: Call) -> None:
    service = run.stage.new_service()
    assert run(service["name"]).id == service["id"]


@python(42, call="ServiceApi.create_service(name=…, type=…, comment=…)")
def creates_a_service(run: Call) -> None:
    name = run.stage.unique("sdk service")
    service = run(name=name, type="wasm", comment=None, customer_id=WIDGETS)
    assert (service.name, service.type, service.customer_id) == (name, "wasm", WIDGETS)
    assert service.comment == ""
    assert [one.number for one in service.versions] == [1]


@python(43, call="ServiceApi.get_service(service_id)")
def reads_a_service(run: Call) -> None:
    service_id = run.stage.new_service()["id"]
    assert run(service_id).deleted_at is None
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/activate")
    assert run(service_id).environments[0].active_version == 1
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/deactivate")
    run.stage.ask(ADA, "DELETE", f"/service/{service_id}")
    assert isinstance(run(service_id).deleted_at, datetime)


@python(44, call="ServiceApi.get_service_detail(service_id)")
def reads_a_service_in_detail(run: Call) -> None:
    service_id = run.stage.new_service()["id"]
    found = run(service_id)
    assert (found.version.number, found.version.backends) == (1, [])
    assert found.active_version is None
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/activate")
    found = run(service_id, version=1, filter_versions_active=True)
    assert (found.active_version.number, found.active_version.locked) == (1, True)


@python(45, call="ServiceApi.update_service(service_id, …)")
def updates_a_service(run: Call) -> None:
    service_id, name = run.stage.new_service()["id"], run.stage.unique("sdk renamed")
    service = run(service_id, name=name, comment="changed")
    assert (service.name, service.comment) == (name, "changed")
    assert run(service_id, comment=None).comment == ""


@python(46, call="ServiceApi.delete_service(service_id)")
def deletes_a_service(run: Call) -> None:
    assert run(run.stage.new_service()["id"]).status == "ok"


@python(47, call="ServiceApi.list_service_domains(service_id)")
def lists_domains(run: Call) -> None:
    assert run(WWW) == []


UNREADABLE_DATA = (
    "The call works, but reading the attribute `data` of what it returns raises `ApiValueError`: "
    "the client keeps the document twice, as two types, and finds that they differ. Read "
    '`to_dict()["data"]`, or call it with `_check_return_type=False`.'
)


@python(
    49,
    call="StarApi.create_service_star(star={…})",
    deviation=UNREADABLE_DATA,
)
def stars_a_service(run: Call) -> None:
    service = {"type": "service", "id": run.stage.new_service()["id"]}
    user = {"data": {"type": "user", "id": ADA.id}}
    document = {"data": {"type": "star", "relationships": {"user": user, "service": service}}}
    star = run(star=document).to_dict()["data"]
    assert star["relationships"]["service"]["data"]["id"] == service["id"]
    document["data"]["relationships"] = {"service": {"data": service}}
    with pytest.raises(ApiValueError, match="differ"):
        _ = run(star=document).data
    assert run(star=document, _check_return_type=False).data["id"] == star["id"]


@python(48, call="StarApi.list_service_stars()")
def lists_stars(run: Call) -> None:
    star = run.stage.new_star(run.stage.new_service()["id"])
    listed = run()
    assert listed["meta"]["record_count"] >= 1
    assert listed["links"]["last"].startswith(run.stage.server.url)
    shown = {one["id"] for one in listed["data"]}
    assert star["id"] in shown or listed["meta"]["total_pages"] > 1


@python(50, call="StarApi.get_service_star(star_id)", deviation=UNREADABLE_DATA)
def reads_a_star(run: Call) -> None:
    service_id = run.stage.new_service()["id"]
    star_id = run.stage.new_star(service_id)["id"]
    star = run(star_id).to_dict()["data"]
    assert star["relationships"]["service"]["data"] == {"type": "service", "id": service_id}
    with pytest.raises(ApiValueError, match="differ"):
        _ = run(star_id).data


@python(51, call="StarApi.delete_service_star(star_id)")
def takes_a_star_back(run: Call) -> None:
    assert run(run.stage.new_star(run.stage.new_service()["id"])["id"]) is None


@python(52, call="VersionApi.list_service_versions(service_id)")
def lists_versions(run: Call) -> None:
    assert [one.number for one in run(run.stage.new_service()["id"])] == [1]


@python(53, call="VersionApi.get_service_version(service_id, version_id)")
def reads_a_version(run: Call) -> None:
    service_id = run.stage.new_service()["id"]
    version = run(service_id, 1)
    assert (version.service_id, version.number, version.comment) == (service_id, 1, "")
    assert (version.active, version.locked, version.environments) == (False, False, [])


@python(54, call="VersionApi.create_service_version(service_id)")
def creates_a_version(run: Call) -> None:
    service_id = run.stage.new_service()["id"]
    version = run(service_id)
    assert (version.number, version.service_id) == (2, service_id)


@python(55, call="VersionApi.update_service_version(service_id, version_id, comment=…)")
def updates_a_version(run: Call) -> None:
    assert run(run.stage.new_service()["id"], 1, comment="why").comment == "why"


@python(56, call="VersionApi.activate_service_version(service_id, version_id)")
def activates_a_version(run: Call) -> None:
    version = run(run.stage.new_service()["id"], 1)
    assert (version.active, version.locked) == (True, True)
    assert version.environments[0].active_version == 1


@python(57, call="VersionApi.deactivate_service_version(service_id, version_id)")
def deactivates_a_version(run: Call) -> None:
    service_id = run.stage.new_service()["id"]
    run.stage.ask(ADA, "PUT", f"/service/{service_id}/version/1/activate")
    assert run(service_id, 1).active is False


@python(58, call="VersionApi.clone_service_version(service_id, version_id)")
def clones_a_version(run: Call) -> None:
    assert run(run.stage.new_service()["id"], 1).number == 2


@python(59, call="VersionApi.lock_service_version(service_id, version_id)")
def locks_a_version(run: Call) -> None:
    assert run(run.stage.new_service()["id"], 1).locked is True


@python(60, call="VersionApi.validate_service_version(service_id, version_id)")
def validates_a_version(run: Call) -> None:
    assert run(run.stage.new_service()["id"], 1).status == "ok"
