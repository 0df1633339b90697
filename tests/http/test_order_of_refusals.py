"""In which order refusals come, where several would be right (contract: protocol §3)."""

from typing import Any

import pytest

from tests.areas.account_calls import edit_customer
from tests.world import ADA, BEN, BOT, EVE, READ_ONLY, SUE, UMA, WIDGETS, WWW, Person, World

BROKEN = {"content": b"{", "headers": {"Content-Type": "application/json"}}
XML = {"content": b"<a/>", "headers": {"Content-Type": "text/xml"}}
ABSENT = "/user/0Unknown00000000000000"


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("who", "request_", "sent", "status"),
    [
        (ADA, f"PUT {ABSENT}", {"data": {"role": "bogus"}}, 404),
        (ADA, f"PUT {ABSENT}", BROKEN, 404),
        (UMA, f"PUT /user/{UMA.id}", {"data": {"role": "bogus"}}, 403),
        (UMA, f"PUT /user/{UMA.id}", {"json": {"role": 1, "name": 2}}, 403),
        (UMA, f"PUT /user/{UMA.id}", {"json": {"name": 2}}, 400),
        (UMA, f"PUT /user/{BEN.id}", BROKEN, 403),
        (SUE, f"PUT /customer/{WIDGETS}", {"data": {"owner_id": SUE.id, "has_pci": "x"}}, 403),
        (SUE, f"PUT /customer/{WIDGETS}", {"json": {"owner_id": 1}}, 403),
        (ADA, f"PUT /customer/{WIDGETS}", {"json": {"owner_id": 1}}, 400),
        (EVE, f"PUT /customer/{WIDGETS}", BROKEN, 404),
        (READ_ONLY, "POST /tokens", BROKEN, 403),
        (BOT, "POST /tokens", BROKEN, 403),
        (BOT, "POST /sudo", BROKEN, 403),
        (BEN, "POST /tokens", BROKEN, 400),
        (ADA, f"PUT {ABSENT}", XML, 415),
        (UMA, f"PUT /user/{BEN.id}", XML, 403),
        (UMA, f"PUT /service/{WWW}", XML, 403),
        (ADA, f"PUT /service/{WWW}", XML, 415),
        (ADA, f"PUT {ABSENT}", {"headers": XML["headers"]}, 404),
        (None, "PUT /tokens", {}, 401),
        ("no-such-key", "PUT /tokens", BROKEN, 401),
        (UMA, "PUT /tokens", {}, 405),
        (UMA, f"PUT /tokens?customer_id={EVE.customer_id}", {}, 403),
        (UMA, f"HEAD /sudo?customer_id={EVE.customer_id}", {}, 403),
        (None, "PUT /public-ip-list", {}, 405),
    ],
)
async def test_absence_and_rights_come_before_the_body(
    world: World, who: Person | str | None, request_: str, sent: dict[str, Any], status: int
) -> None:
    method, path = request_.split()
    answer = await world.ask(who, method, path, **sent)
    assert answer.status_code == status, answer.text


async def test_a_wrong_verb_counts_and_is_told_where_the_customer_allows_it(world: World) -> None:
    answer = await world.ask(UMA, "PUT", "/tokens")
    assert answer.headers["fastly-ratelimit-remaining"] == "999"
    assert "fastly-ratelimit-remaining" not in (await world.ask(UMA, "HEAD", "/sudo")).headers
    await edit_customer(world, ip_whitelist="203.0.113.0/24")
    for method, path in (("PUT", "/tokens"), ("PROPFIND", "/current_user"), ("HEAD", "/sudo")):
        assert (await world.ask(UMA, method, path)).status_code == 403, path
