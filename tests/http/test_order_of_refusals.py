"""In which order refusals come, where several would be right (contract: protocol §3)."""

from typing import Any

import pytest

from tests.world import ADA, BEN, BOT, EVE, READ_ONLY, SUE, UMA, WIDGETS, Person, World

BROKEN = {"content": b"{", "headers": {"Content-Type": "application/json"}}
ABSENT = "/user/0Unknown00000000000000"


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
    ],
)
async def test_absence_and_rights_come_before_the_body(
    world: World, who: Person | str, request_: str, sent: dict[str, Any], status: int
) -> None:
    method, path = request_.split()
    answer = await world.ask(who, method, path, **sent)
    assert answer.status_code == status, answer.text
