"""`tenantry post-invoices`, as an operator's script meets it."""

from pathlib import Path

import pytest

from tenantry.areas.pricing.months import Month
from tenantry.core.clock import system_clock
from tests.test_cli import is_one_line, tenantry
from tests.world import settings

pytestmark = pytest.mark.live

THIS_MONTH = Month.of(system_clock())


def _post(url: str, folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    environment = {"TENANTRY_SECRET_KEY": settings(url).secret_key} | environment
    done = tenantry(folder, "post-invoices", "--database", url, *arguments, **environment)
    return done.returncode, done.stdout, done.stderr


def test_nothing_is_due_where_nobody_has_a_plan(database_url: str, tmp_path: Path) -> None:
    told = _post(database_url, tmp_path)
    assert told == (0, "posted 0 invoices\n", "")
    assert _post(database_url, tmp_path, "--month", THIS_MONTH.plus(-1).text) == told


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--month", "May"), 2, "--month: 'May' is not a month such as 2024-05"),
        (("--month", THIS_MONTH.text), 1, f"{THIS_MONTH.text} is not over yet"),
        (("--customer", "0Nobody"), 1, "Cannot find customer '0Nobody'"),
    ],
)
def test_what_is_wrong_is_one_line(
    sqlite_template: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    status, out, error = _post(f"sqlite:///{sqlite_template}", tmp_path, *arguments)
    assert (status, out) == (code, "")
    assert is_one_line(error)
    assert said in error


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIRST_INVOICE", "0"),
        ("FIRST_INVOICE", "2147483648"),
        ("POSTING_GRACE_HOURS", "-1"),
        ("POSTING_GRACE_HOURS", "241"),
    ],
)
def test_a_setting_out_of_range_is_refused(tmp_path: Path, name: str, value: str) -> None:
    status, _, error = _post("sqlite:///none.db", tmp_path, **{f"TENANTRY_{name}": value})
    assert status == 2
    assert is_one_line(error)
    assert f"TENANTRY_{name}: {value} is not in" in error
