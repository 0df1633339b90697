"""Times that are read: whole seconds that can be shown again."""

import pytest

from tenantry.core.clock import SECOND, read, shown
from tests.world import ADA, World


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59Z"),
        ("2026-03-01T12:00:00.9+02:00", "2026-03-01T10:00:00Z"),
        ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
        ("2026-03-01t10:00:00z", "2026-03-01T10:00:00Z"),
        ("2026-03-01T12:00:00 02:00", "2026-03-01T10:00:00Z"),
        ("2026-03-01 12:00:00 02:00", "2026-03-01T10:00:00Z"),
        (" 2026-03-01T10:00:00 0000 ", "2026-03-01T10:00:00Z"),
    ],
)
def test_a_time_that_is_read_can_be_shown(text: str, again: str) -> None:
    assert shown(read(text)) == again
    assert read(text) % SECOND == 0


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59-14:00",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "0001-01-01T00:00:00+14:00",
        "2026-03-01T10:00:00",
        "2026-03-01 10:00",
    ],
)
def test_a_time_that_could_not_be_shown_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"1970 to 9999|no time zone"):
        read(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_token_can_not_expire_then(world: World, text: str) -> None:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", "/tokens", data={"name": "ci", "expires_at": text})
    assert answer.status_code == 422, answer.text
