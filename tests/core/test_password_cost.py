"""What hashing a password takes can be set, but not below what OWASP holds to be the least."""

import pytest

from tenantry.core.secrets import PasswordCost
from tenantry.settings import BadSetting, read_settings


def read(memory: int, time: int, parallelism: int = 1) -> PasswordCost:
    names = ("MEMORY_KIB", "TIME", "PARALLELISM")
    given = zip(names, (memory, time, parallelism), strict=True)
    environment = {f"TENANTRY_PASSWORD_{name}": str(value) for name, value in given}
    return read_settings(environment).password_cost


def test_the_default_is_the_least_that_is_safe() -> None:
    assert read_settings({}).password_cost == (19456, 2, 1)
    assert read_settings({}).password_cost.is_enough()


@pytest.mark.parametrize(
    ("memory", "time"), [(47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5), (65536, 3)]
)
def test_more_memory_stands_for_fewer_passes(memory: int, time: int) -> None:
    assert read(memory, time, 4) == (memory, time, 4)


@pytest.mark.parametrize(
    ("memory", "time"), [(47103, 1), (19455, 2), (12287, 3), (9215, 4), (7167, 5), (7167, 50)]
)
def test_what_is_too_cheap_stops_the_start(memory: int, time: int) -> None:
    with pytest.raises(BadSetting, match=r"^TENANTRY_PASSWORD_MEMORY_KIB: \d+ is too little"):
        read(memory, time)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ((0, 2, 1), "MEMORY_KIB"),
        ((2**20 + 1, 2, 1), "MEMORY_KIB"),
        ((19456, 0, 1), "TIME"),
        ((19456, 51, 1), "TIME"),
        ((19456, 2, 0), "PARALLELISM"),
        ((19456, 2, 17), "PARALLELISM"),
    ],
)
def test_what_is_no_cost_stops_the_start(given: tuple[int, int, int], name: str) -> None:
    with pytest.raises(BadSetting, match=rf"^TENANTRY_PASSWORD_{name}: \d+ is not in 1 to"):
        read(*given)
