"""What holds of every month, whatever is drawn: the invariants of billing §7.4.

Here it is as rating keeps them; what posting and the ledger's sums do for them is tested there.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.areas.invoices.lines import Line, wire
from tenantry.areas.invoices.offline import rate_file
from tenantry.areas.invoices.rating import rate_month, rate_usage, readjust, total
from tenantry.areas.pricing.money import units_of
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms, parse_coupon
from tests.areas import rating_cases as cases
from tests.areas.rating_cases import Case, Key
from tests.areas.rating_naive import rounded

EDGES = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CHANCE = st.randoms(use_true_random=False)
CASES = CHANCE.map(cases.draw_case)


def _bytes(lines: list[Line]) -> bytes:
    return msgspec.json.encode([*map(wire, lines), *lines])


@given(CASES)
def test_1_the_lines_sum_to_the_total(case: Case) -> None:
    rated = cases.rate(case)
    assert Fraction(rated.total) == sum((Fraction(line.amount) for line in rated.lines), Fraction())
    to_date = rate_usage(cases.terms_of(case), Month.parse(case["month"]), case["usage"])
    assert Fraction(total(to_date, case["plan"]["currency"])) == sum(
        Fraction(line.amount) for line in to_date
    )


@given(CASES, CHANCE)
def test_2_every_amount_is_units_times_rate_rounded_once(case: Case, chance: Random) -> None:
    rated = cases.rate(case)
    used = cases.draw_usage(chance)
    terms, month = cases.terms_of(case), Month.parse(case["month"])
    for line in [*rated.lines, *readjust(terms, month, used, rated.lines)]:
        assert rounded(case, Fraction(line.units) * Fraction(line.rate)) == Fraction(line.amount)


@given(CASES)
def test_3_no_unit_is_lost_or_counted_twice(case: Case) -> None:
    charges = case["plan"]["charges"]
    packages = {
        (each["product_id"], each["metric"]) for each in charges if each["model"] == "package"
    }
    terms = cases.terms_of(case)
    lines = rate_usage(terms, Month.parse(case["month"]), case["usage"])
    for (product, metric, region), micros in case["usage"].items():
        if (product, metric) not in packages:
            counted = sum(
                (
                    Fraction(line.units)
                    for line in lines
                    if (line.product_id, line.metric, line.region_key) == (product, metric, region)
                    and line.kind != "fee"
                ),
                Fraction(),
            )
            divisor = terms.catalogue.find(product, metric).divisor
            assert counted == Fraction(micros, 10**6 * divisor)


def _file(folder: Path, case: Case, events: list[dict[str, Any]]) -> bytes:
    """What rating a file of a case with these events answers."""
    whole = {name: value for name, value in case.items() if name != "usage"}
    path = folder / "case.json"
    path.write_text(json.dumps({**whole, "events": events}), "utf-8")
    answer = rate_file(path)
    assert answer.refused == []
    return answer.json().encode()


def _events(case: Case, chance: Random, most: int) -> list[dict[str, Any]]:
    """Its usage as events: each sum in up to so many parts."""
    when = case["active_from"] or f"{case['month']}-01T00:00:00Z"
    return [
        {
            "source": "drawn",
            "id": f"{'/'.join(key)}/{number}",
            "service_id": f"service{number % 3}",
            "product_id": key[0],
            "metric": key[1],
            "region": key[2] or None,
            "quantity": f"{part // 10**6}.{part % 10**6:06}",
            "timestamp": when,
        }
        for key, micros in case["usage"].items()
        for number, part in enumerate(_parts(chance, micros, most))
    ]


def _parts(chance: Random, micros: int, most: int) -> list[int]:
    cuts = sorted(chance.randint(0, micros) for _ in range(chance.randint(0, most - 1)))
    return [upper - lower for lower, upper in zip([0, *cuts], [*cuts, micros], strict=True)]


def _with_open_end(case: Case) -> Case:
    """An event can only be of a time at which the customer was there."""
    return Case(**{**case, "active_until": None})


@EDGES
@given(CASES, CHANCE)
def test_4_sending_again_and_in_any_order_changes_nothing(
    tmp_path: Path, case: Case, chance: Random
) -> None:
    case = _with_open_end(case)
    events = _events(case, chance, 3)
    once = _file(tmp_path, case, events)
    again = events * 2
    chance.shuffle(again)
    assert _file(tmp_path, case, again) == once


@given(CASES, CHANCE)
def test_5_rating_twice_is_the_same_byte_for_byte(case: Case, chance: Random) -> None:
    once = cases.rate(case)
    usage = list(case["usage"].items())
    coupons = [parse_coupon(coupon) for coupon in case["coupons"]]
    charges = list(case["plan"]["charges"])
    for shuffled in (usage, coupons, charges):
        chance.shuffle(shuffled)
    case["plan"]["charges"] = charges
    # By its own snapshot, as it is rated again when usage comes late.
    terms = Terms.from_json(cases.terms_of(case).to_json())
    twice = rate_month(terms, Month.parse(case["month"]), dict(usage), coupons)
    assert _bytes(twice.lines) == _bytes(once.lines)
    assert (twice.total, twice.coupons_after) == (once.total, once.coupons_after)


@given(st.lists(st.integers(0, 10**30), max_size=20), st.integers(0, 18))
def test_6_the_services_units_sum_to_the_quantity(parts: list[int], zeros: int) -> None:
    divisor = 10**zeros
    each = [Fraction(units_of(part, divisor)) for part in parts]
    assert sum(each, Fraction()) == Fraction(units_of(sum(parts), divisor))


@given(CASES)
def test_7_the_bandwidth_of_an_invoice_is_the_bytes_of_the_ledger(case: Case) -> None:
    case["plan"]["charges"] = []
    lines = rate_usage(cases.terms_of(case), Month.parse(case["month"]), case["usage"])
    assert _bytes_by_region(lines) == {
        region: Fraction(micros, 10**6)
        for (_, metric, region), micros in case["usage"].items()
        if metric == "bandwidth" and micros
    }


def _bytes_by_region(lines: list[Line]) -> Mapping[str, Fraction]:
    return {
        line.region_key: Fraction(line.units) * 10**9
        for line in lines
        if line.metric == "bandwidth"
    }


@given(CASES)
def test_8_before_tax_nothing_is_negative(case: Case) -> None:
    before_tax = [line for line in cases.rate(case).lines if line.kind != "tax"]
    assert sum(Fraction(line.amount) for line in before_tax) >= 0


@given(CASES, CHANCE)
def test_8_credits_give_back_no_more_than_adjustments_leave(case: Case, chance: Random) -> None:
    terms, month = cases.terms_of(case), Month.parse(case["month"])
    earlier = rate_usage(terms, month, cases.draw_usage(chance))
    adjusted = readjust(terms, month, cases.draw_usage(chance), earlier)
    rated = cases.rate(case, adjusted)
    before, given_back = Fraction(), Fraction()
    for line in rated.lines:
        if line.kind == "credit":
            given_back -= Fraction(line.amount)
        elif line.kind != "tax":
            before += Fraction(line.amount)
    assert given_back <= max(before, Fraction())


@EDGES
@given(CASES, CHANCE)
def test_9_splitting_an_event_changes_no_line(tmp_path: Path, case: Case, chance: Random) -> None:
    case = _with_open_end(case)
    whole = _file(tmp_path, case, _events(case, chance, 1))
    assert _file(tmp_path, case, _events(case, chance, 8)) == whole


@given(CASES, CHANCE)
def test_what_is_adjusted_is_the_difference_and_only_once(case: Case, chance: Random) -> None:
    terms, month = cases.terms_of(case), Month.parse(case["month"])
    lines = cases.rate(case).lines
    for _ in range(3):
        used: dict[Key, int] = cases.draw_usage(chance)
        lines += readjust(terms, month, used, lines)
        assert readjust(terms, month, used, lines) == []
        case["usage"] = used
        afresh = [line.amount for line in cases.rate(case).lines if _is_adjusted(line)]
        assert sum(line.amount for line in lines if _is_adjusted(line)) == sum(afresh, Decimal(0))


def _is_adjusted(line: Line) -> bool:
    return line.kind not in {"recurring", "credit", "tax"}


@pytest.mark.parametrize("digits", [18, 30, 60])
def test_no_digit_is_lost_however_many(digits: int) -> None:
    case = cases.draw_case(Random(0))  # noqa: S311 - any case
    micros = int(("123456789" * 10)[:digits])
    case["usage"] = {("cdn_usage", "requests", "usa"): micros}
    case["plan"] |= {
        "charges": [
            {
                "product_id": "cdn_usage",
                "metric": "requests",
                "model": "per_unit",
                "unit_price": "123456789012345678.123456789012",
            }
        ]
    }
    (line, *_) = rate_usage(cases.terms_of(case), Month.parse(case["month"]), case["usage"])
    exact = Fraction(micros, 10**10) * Fraction("123456789012345678.123456789012")
    assert Fraction(line.amount) == rounded(case, exact)
