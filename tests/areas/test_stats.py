"""Statistics of usage: what each shows, to whom, and how (contract: billing §6)."""

import json
from typing import Any

import pytest

from tenantry.areas.pricing.regions import REGIONS
from tenantry.core.clock import DAY
from tenantry.core.permissions import PERMISSION_IDS
from tests.areas.usage_calls import event, send, void
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    ELSEWHERE,
    EVE,
    LIM,
    LIMITED,
    OTHER,
    PURGING,
    READ_ONLY,
    TESS,
    UMA,
    WIDGETS,
    WWW,
    World,
)

PATHS = ("/stats/usage", "/stats/usage_by_service", "/stats/usage_by_month", "/stats/regions")
NONE = {"bandwidth": 0, "requests": 0, "compute_requests": 0}
IN_MARCH = "from=2026-03-01&to=2026-04-01"


async def used(world: World) -> None:
    """March's traffic: of www, api and no service; a little of Other Company's."""
    world.clock.turn(40 * DAY)
    events = [
        event("1", service_id=WWW, quantity="123456789.9"),
        event("2", service_id=WWW, metric="bandwidth", quantity="12345678901234"),
        event("3", service_id=WWW, metric="bandwidth", region="europe", quantity="3500000000"),
        event("4", service_id=API, region="mexico", quantity=20),
        event("5", service_id=API, product_id="compute_usage", region=None, quantity=9),
        event("6", region="europe", quantity=5000),
        event("7", service_id=WWW, product_id="image_optimizer", region=None, quantity=77),
        event("8", service_id=API, quantity=1_000_000),
        event("9", customer_id=OTHER, service_id=ELSEWHERE, quantity=4),
    ]
    assert await send(world, *events) == [("accepted", None)] * len(events)
    assert (await void(world, "8"))[0] == 200


async def told(world: World, path: str, who: Any = ADA) -> Any:
    """The answer, whose members are in the recorded order."""
    answer = await world.ask(who, "GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.text.endswith("}\n")
    body = answer.json()
    assert list(body) == ["data", "meta", "status", "msg"]
    assert (body["status"], body["msg"]) == ("success", None)
    assert list(body["meta"]) == ["to", "from", "by", "region"]
    assert all(isinstance(value, str) for value in body["meta"].values())
    return body


def counts(bandwidth: Any = 0, requests: Any = 0, compute_requests: Any = 0) -> dict[str, Any]:
    return {"bandwidth": bandwidth, "requests": requests, "compute_requests": compute_requests}


USA = counts(12_345_678_901_234, 123_456_789)


async def test_usage_maps_every_region_to_whole_numbers(world: World) -> None:
    await used(world)
    body = await told(world, f"/stats/usage?{IN_MARCH}&region=usa&by=hour")
    shown = {
        "usa": USA,
        "europe": counts(3_500_000_000, 5000),
        "mexico": counts(0, 20),
        "global": counts(0, 0, 9),
    }
    assert body["data"] == dict.fromkeys(REGIONS, NONE) | shown
    assert list(body["data"]) == sorted(body["data"])
    assert all(type(one) is int for each in body["data"].values() for one in each.values())
    assert body["meta"] == {
        "to": "2026-04-01 00:00:00 UTC",
        "from": "2026-03-01 00:00:00 UTC",
        "by": "hour",
        "region": "usa",
    }


async def test_nothing_used_is_every_region_with_zeros(world: World) -> None:
    answer = await world.ask(ADA, "GET", "/stats/usage")
    zeros = '{"bandwidth":0,"requests":0,"compute_requests":0}'
    regions = ",".join(f'"{region}":{zeros}' for region in sorted(REGIONS))
    meta = '{"to":"2026-03-01 10:00:00 UTC","from":"2026-02-01 10:00:00 UTC",'
    meta += '"by":"day","region":"all"}'
    assert answer.text == f'{{"data":{{{regions}}},"meta":{meta},"status":"success","msg":null}}\n'


async def test_usage_by_service_has_services_below_regions(world: World) -> None:
    await used(world)
    body = await told(world, f"/stats/usage_by_service?{IN_MARCH}")
    shown = {
        "usa": {WWW: USA},
        "europe": {WWW: counts(3_500_000_000)},
        "mexico": {API: counts(0, 20)},
        "global": {API: counts(0, 0, 9)},
    }
    assert body["data"] == {region: {} for region in REGIONS} | shown


async def test_a_month_has_regions_beside_the_name(world: World) -> None:
    await used(world)
    body = await told(world, "/stats/usage_by_month?year=2026&month=03")
    assert list(body["data"]) == ["customer_id", "services", "total"]
    assert body["data"]["customer_id"] == WIDGETS
    assert body["data"]["services"] == {
        API: {"name": "api", "global": counts(0, 0, 9), "mexico": counts(0, 20)},
        WWW: {"name": "www", "europe": counts(3_500_000_000), "usa": USA},
    }
    assert next(iter(body["data"]["services"][WWW])) == "name"
    assert body["data"]["total"] == (await told(world, f"/stats/usage?{IN_MARCH}"))["data"]
    assert body["meta"] == {
        "to": "2026-04-01 00:00:00 UTC",
        "from": "2026-03-01 00:00:00 UTC",
        "by": "month",
        "region": "all",
    }


@pytest.mark.parametrize("word", ["True", "true", "1", "YES"])
async def test_billable_units_are_exact_decimals(world: World, word: str) -> None:
    await used(world)
    path = f"/stats/usage_by_month?month=3&billable_units={word}"
    answer = await world.ask(ADA, "GET", path)
    data = json.loads(answer.text, parse_float=str, parse_int=str)["data"]
    assert data["services"][WWW]["usa"] == counts("12345.678901234", "12345.67899", "0")
    assert data["total"]["global"] == counts("0", "0", "0.0009")
    assert data["total"]["europe"] == counts("3.5", "0.5", "0")


async def test_a_month_is_this_one_unless_named(world: World) -> None:
    await used(world)
    for asked, first in (("", "2026-04"), ("month=3", "2026-03"), ("year=2025", "2025-04")):
        meta = (await told(world, f"/stats/usage_by_month?{asked}"))["meta"]
        assert meta["from"] == f"{first}-01 00:00:00 UTC"


async def test_a_deleted_service_keeps_its_name(world: World) -> None:
    await used(world)
    assert (await world.ask(ADA, "DELETE", f"/service/{WWW}")).status_code == 200
    body = await told(world, "/stats/usage_by_month?month=3")
    assert body["data"]["services"][WWW]["name"] == "www"
    assert body["data"]["services"][WWW]["usa"] == USA


async def test_regions_are_in_the_order_of_the_alphabet(world: World) -> None:
    body = await told(world, "/stats/regions")
    assert body["data"] == sorted(REGIONS)
    assert body["meta"]["from"] == "2026-02-01 10:00:00 UTC"


@pytest.mark.parametrize("path", PATHS)
async def test_every_role_may_look(world: World, path: str) -> None:
    for who in (ADA, BEN, BILL, UMA, LIM, TESS, BOT, EVE, READ_ONLY, LIMITED):
        await told(world, path, who)
    answer = await world.ask(PURGING, "GET", path)
    assert answer.status_code == 403
    assert answer.json() == {"msg": "You are not authorized to perform this action"}


@pytest.mark.parametrize("who", [ADA, BEN, BILL, UMA, BOT, READ_ONLY])
async def test_who_is_not_limited_sees_all_of_it(world: World, who: Any) -> None:
    await used(world)
    for path in (f"/stats/usage?{IN_MARCH}", "/stats/usage_by_month?month=3"):
        assert (await told(world, path, who))["data"] == (await told(world, path))["data"]


async def _let_through(world: World, service_id: str) -> None:
    related = {"user": LIM.id, "service": service_id}
    linked = {kind: {"data": {"type": kind, "id": one}} for kind, one in related.items()}
    body = {"data": {"attributes": {"permission": "read_only"}, "relationships": linked}}
    answer = await world.ask(ADA, "POST", "/service-authorizations", json=body)
    assert answer.status_code == 200, answer.text


async def test_who_is_limited_to_services_sees_these_alone(world: World) -> None:
    """In totals too: what others used is none of his."""
    await used(world)
    await _let_through(world, WWW)
    mine = {"usa": USA, "europe": counts(3_500_000_000)}
    for who in (LIM, LIMITED):
        total = (await told(world, f"/stats/usage?{IN_MARCH}", who))["data"]
        assert total == dict.fromkeys(REGIONS, NONE) | mine
        month = (await told(world, "/stats/usage_by_month?month=3", who))["data"]
        assert (set(month["services"]), month["total"]) == ({WWW}, total)
        services = (await told(world, f"/stats/usage_by_service?{IN_MARCH}", who))["data"]
        assert services == {r: {WWW: mine[r]} if r in mine else {} for r in REGIONS}


@pytest.mark.parametrize("who", [LIM, TESS])
async def test_who_sees_no_service_sees_no_traffic(world: World, who: Any) -> None:
    await used(world)
    assert (await told(world, f"/stats/usage?{IN_MARCH}", who))["data"] == dict.fromkeys(
        REGIONS, NONE
    )
    assert (await told(world, "/stats/usage_by_month?month=3", who))["data"]["services"] == {}


async def test_another_customers_traffic_is_his_own(world: World) -> None:
    await used(world)
    data = (await told(world, "/stats/usage_by_month?month=3", EVE))["data"]
    assert data["services"] == {ELSEWHERE: {"name": "elsewhere", "usa": counts(0, 4)}}
    assert data["total"]["usa"] == counts(0, 4)


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("usage?from=soon", "from: 'soon' is not a time such as 1717200000, "),
        ("usage?to=1%20decade%20ago", "to: '1 decade ago' is not a time such as "),
        ("usage_by_service?from=now&to=yesterday", "from must not be after to"),
        ("usage?by=month", "by must be minute, hour or day"),
        ("usage?region=mars", "region must be one of: africa_std, anzac, "),
        ("usage_by_month?month=13", "year must be four digits from 1970 on, and month 01 to 12"),
        ("usage_by_month?year=26", "year must be four digits"),
        ("usage_by_month?year=0000", "year must be four digits"),
        ("usage_by_month?month=٣", "year must be four digits"),
        ("usage_by_month?billable_units=maybe", "billable_units must be true or false"),
    ],
)
async def test_a_bad_parameter_is_refused(world: World, asked: str, message: str) -> None:
    answer = await world.ask(ADA, "GET", f"/stats/{asked}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["status", "meta", "msg", "data"]
    said = answer.json()
    assert (said["status"], said["meta"], said["data"]) == ("error", {}, {})
    assert said["msg"].startswith(message)


async def _only(world: World, *permissions: str) -> None:
    """Give Uma a role with these permissions and no other."""
    body = {"name": "Watcher", "permissions": [{"id": PERMISSION_IDS[one]} for one in permissions]}
    role = (await world.ask(ADA, "POST", "/roles", json=body)).json()["id"]
    answer = await world.ask(ADA, "PUT", f"/user/{UMA.id}", json={"roles": [role]})
    assert answer.status_code == 200, answer.text


async def test_a_role_lets_see_what_it_permits(world: World) -> None:
    await used(world)
    await _only(world, "service.read", "service.stats")
    for path in (f"/stats/usage?{IN_MARCH}", "/stats/usage_by_month?month=3"):
        assert (await told(world, path, UMA))["data"] == (await told(world, path))["data"]


@pytest.mark.parametrize("permission", ["service.read", "service.stats", "usage.read"])
async def test_a_role_that_lets_see_no_statistics_of_a_service_shows_none(
    world: World, permission: str
) -> None:
    """Also one that permits statistics, but not to see the services (contract: access §9.6)."""
    await used(world)
    await _only(world, permission)
    body = await told(world, f"/stats/usage?{IN_MARCH}", UMA)
    assert body["data"] == dict.fromkeys(REGIONS, NONE)
