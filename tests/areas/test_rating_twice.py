"""The rating and a second one, written by other means, agree on whatever is drawn."""

from fractions import Fraction
from random import Random
from typing import Any

import pytest

from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.rating import readjust
from tenantry.areas.pricing.months import Month
from tests.areas import rating_cases as cases
from tests.areas import rating_naive as naive

EACH = 2_500
"""Months drawn of each seed; 10 000 in all."""
LATE = 250
"""Months drawn of each seed whose usage changes afterwards, several times."""

Shown = tuple[str, Fraction, Fraction, Fraction]


def _lines(lines: list[Line]) -> list[Shown]:
    return [
        (line.description, Fraction(line.units), Fraction(line.rate), Fraction(line.amount))
        for line in lines
    ]


def _rows(rows: list[naive.Row]) -> list[Shown]:
    return [(row["description"], row["units"], row["rate"], row["amount"]) for row in rows]


@pytest.mark.parametrize("seed", range(4))
def test_both_rate_a_month_alike(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - the same cases each time
    for _ in range(EACH):
        case = cases.draw_case(chance)
        rated = cases.rate(case)
        rows = naive.rate(case)
        assert _lines(rated.lines) == _rows(rows), case
        assert Fraction(rated.total) == sum(row["amount"] for row in rows), case


@pytest.mark.parametrize("seed", range(4))
def test_both_adjust_a_month_alike(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - the same cases each time
    for _ in range(LATE):
        case = cases.draw_case(chance)
        terms, month = cases.terms_of(case), Month.parse(case["month"])
        lines = cases.rate(case).lines
        billed = naive.billed_once(case)
        for _ in range(3):
            case["usage"] = cases.draw_usage(chance)
            adjusted = readjust(terms, month, case["usage"], lines)
            rows = naive.adjust(case, billed)
            assert sorted(map(_changed, adjusted), key=str) == sorted(map(_row, rows), key=str)
            lines += adjusted


def _changed(line: Line) -> tuple[Any, Fraction, Fraction]:
    key = (line.product_id, line.metric, line.region_key, line.adjusts, line.tier)
    units = line.units if line.counted is None else line.counted
    is_shortfall = line.adjusts == "shortfall"
    return "shortfall" if is_shortfall else key, Fraction(line.amount), Fraction(units)


def _row(row: naive.Row) -> tuple[Any, Fraction, Fraction]:
    return row["key"], row["amount"], row["units"]
