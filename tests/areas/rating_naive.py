"""Rating written a second time, straight from the rules of billing §7.2, by other means.

Fractions, dictionaries and loops; it shares no line with the product, so that both can hardly be
wrong in the same way. It is slow where that keeps it plain.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from tests.areas.rating_cases import Case, Key

PRODUCTS: dict[tuple[str, str], tuple[str, int, tuple[str, str, str]]] = {
    ("compute_usage", "requests"): ("Compute Requests", 10**6, ("Compute", "Compute", "Compute")),
    ("object_storage", "storage"): (
        "Object Storage Capacity",
        10**9,
        ("Compute", "Compute", "Object Storage"),
    ),
    ("cdn_usage", "bandwidth"): (
        "Bandwidth",
        10**9,
        ("Network Services", "Full-Site Delivery", "Full-Site Delivery"),
    ),
    ("cdn_usage", "requests"): (
        "Requests",
        10**4,
        ("Network Services", "Full-Site Delivery", "Full-Site Delivery"),
    ),
    ("image_optimizer", "requests"): (
        "Image Optimizer Requests",
        10**4,
        ("Network Services", "Full-Site Delivery", "Image Optimizer"),
    ),
    ("ngwaf", "requests"): (
        "Next-Gen WAF Requests",
        10**6,
        ("Security", "Next-Gen WAF", "Next-Gen WAF"),
    ),
}
"""Name, divisor, and line, group and product: already in the order of R16."""
NAMES = {"usa": "North America", "europe": "Europe", "asia_india": "India", "mexico": "Mexico"}
PLACES = {"JPY": 0, "KRW": 0, "BHD": 3}

Row = dict[str, Any]
"""A line: description, units, rate, amount, and what rules ask of it."""


def rate(case: Case, adjustments: Iterable[Row] = ()) -> list[Row]:
    """Every line of the month's invoice."""
    own = before_credits(case)
    rows = own[:-1] if own and own[-1]["kind"] == "shortfall" else list(own)
    rows += list(adjustments) + own[len(rows) :]
    for row in rows:
        row["left"] = row["amount"]
    credits_given = _credits(case, rows)
    return [*rows, *credits_given, *_taxes(case, rows)]


def before_credits(case: Case) -> list[Row]:
    """Fees, usage, and the shortfall (R1 to R12)."""
    rows = _fees(case) + _usage(case)
    spent = sum(row["amount"] for row in rows)
    commit = _part_of_month(case, Fraction(case["plan"]["commit"]))
    if spent < commit:
        rows.append(_row(case, "Commit shortfall", 1, commit - spent, kind="shortfall"))
    return rows


def _row(case: Case, description: str, units: Any, rate_: Any, **more: Any) -> Row:
    return {
        "description": description,
        "units": Fraction(units),
        "rate": Fraction(rate_),
        "amount": rounded(case, Fraction(units) * Fraction(rate_)),
        "line": "Account",
        "product": "",
        "key": None,
        **more,
    }


def rounded(case: Case, exact: Fraction) -> Fraction:
    """R10."""
    unit = 10 ** PLACES.get(case["plan"]["currency"], 2)
    whole = int(abs(exact) * unit)
    if abs(exact) * unit - whole >= Fraction(1, 2):
        whole += 1
    return Fraction(whole if exact > 0 else -whole, unit)


def _part_of_month(case: Case, amount: Fraction) -> Fraction:
    """R11, counting days one by one."""
    year, month = map(int, case["month"].split("-"))
    lengths = (31, 29 if year % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    days = [f"{case['month']}-{day:02}" for day in range(1, lengths[month - 1] + 1)]
    first, last = (case["active_from"] or "")[:10], (case["active_until"] or "9")[:10]
    active = [day for day in days if first <= day <= last]
    if len(active) == len(days):
        return amount
    return rounded(case, amount * len(active) / len(days))


def _fees(case: Case) -> list[Row]:
    fees = case["plan"]["recurring_fees"]
    return [
        _row(case, fee["name"], 1, _part_of_month(case, Fraction(fee["amount"])), kind="recurring")
        for fee in fees
    ]


def _usage(case: Case) -> list[Row]:
    """R3 to R9, in the order of R16: of one product, regions come before metrics."""
    rows: list[Row] = []
    for product in dict.fromkeys(product for product, _ in PRODUCTS):
        for region in ("", *NAMES):
            for metric in ("bandwidth", "requests", "storage"):
                used = case["usage"].get((product, metric, region), 0)
                if used:
                    rows += _of_metric(case, (product, metric, region), used)
    return rows


def _of_metric(case: Case, key: Key, used: int) -> list[Row]:
    product, metric, region = key
    name, divisor, (line, _, _) = PRODUCTS[product, metric]
    name = f"{NAMES[region]} {name}" if region else name
    units = Fraction(used, 10**6 * divisor)
    of = {"line": line, "product": product, "kind": "usage"}
    found = [
        charge
        for wanted in (region, "*")
        for charge in case["plan"]["charges"]
        if (charge["product_id"], charge["metric"], charge["region"]) == (product, metric, wanted)
    ]
    if not found:
        return [_row(case, name, units, 0, **of, key=(*key, "uncharged", 0))]
    free = min(units, Fraction(found[0]["free_units"]))
    rows = []
    if free > 0:
        rows.append(_row(case, f"{name} - Included", free, 0, **of, key=(*key, "included", 0)))
    for suffix, tier, many, price in _priced(found[0], units - free):
        kind = "fee" if suffix.endswith(" fee") else "usage"
        rows.append(_row(case, name + suffix, many, price, **of, key=(*key, kind, tier)))
    return rows


def _priced(charge: dict[str, Any], rest: Fraction) -> list[tuple[str, int, Any, str]]:
    """Suffix, tier, units and price of what is not free."""
    if rest == 0:
        return []
    if charge["model"] == "package":
        packages = -(-rest // Fraction(charge["package_size"]))
        return [("", 0, packages, charge["package_price"])]
    if charge["model"] == "per_unit":
        return [("", 0, rest, charge["tiers"][0]["unit_price"])]
    quantities, fees, lower = [], [], Fraction(0)
    for number, tier in enumerate(charge["tiers"], 1):
        upper = lower + rest if tier["up_to"] is None else Fraction(tier["up_to"])
        into = min(rest, upper - lower)
        suffix = f" - Tier {number}" if len(charge["tiers"]) > 1 else ""
        if into > 0:
            quantities.append((suffix, number, into, tier["unit_price"]))
        if into > 0 and Fraction(tier["flat_fee"]) != 0:
            fees.append((f" - Tier {number} fee", number, Fraction(1), tier["flat_fee"]))
        rest, lower = rest - into, upper
    return quantities + fees


def _credits(case: Case, rows: list[Row]) -> list[Row]:
    """R13; each credit lowers what is `left` of the lines that it is given to."""
    given: list[Row] = []
    for coupon in sorted(case["coupons"], key=_rank):
        base = [row for row in rows if row["left"] > 0 and _is_eligible(coupon, row)]
        worth = sum((row["left"] for row in base), Fraction(0))
        before_tax = sum((row["left"] for row in rows), Fraction(0))
        offer = worth * Fraction(coupon["value"]) / 100
        if coupon["kind"] == "fixed":
            offer = min(Fraction(coupon["remaining"]), worth)
        amount = min(rounded(case, offer), before_tax)
        if amount > 0 and _is_valid(coupon, case["month"]):
            _give(case, amount, base, worth)
            given.append(_row(case, f"Credit {coupon['code']}", 1, -amount, kind="credit"))
    return given


def _rank(coupon: dict[str, Any]) -> tuple[Any, ...]:
    is_open = coupon["scope"] == "all"
    return is_open, coupon["valid_until"] or "9999", coupon["created_at"], coupon["code"]


def _is_valid(coupon: dict[str, Any], month: str) -> bool:
    starts = (coupon["valid_from"] or "0")[:7] <= month
    ends = (coupon["valid_until"] or "9999") > f"{month}-01T00:00:00Z"
    return starts and ends and coupon["periods_left"] != 0


def _is_eligible(coupon: dict[str, Any], row: Row) -> bool:
    if coupon["kind"] == "percent" and row["kind"] == "adjustment":
        return False
    return coupon["scope"] in {"all", row["line"], row["product"]}


def _give(case: Case, amount: Fraction, base: list[Row], worth: Fraction) -> None:
    """Pro rata; what rounding leaves over goes to the largest, unit by unit, as far as it fits."""
    unit = Fraction(1, 10 ** PLACES.get(case["plan"]["currency"], 2))
    weights = [row["left"] for row in base]
    shares = [rounded(case, amount * weight / worth) for weight in weights]
    by_size = sorted(range(len(base)), key=lambda place: -weights[place])
    while sum(shares) != amount:
        step = unit if sum(shares) < amount else -unit
        place = next(p for p in by_size if 0 <= shares[p] + step <= weights[p])
        shares[place] += step
    for row, share in zip(base, shares, strict=True):
        row["left"] -= share


def _taxes(case: Case, rows: list[Row]) -> list[Row]:
    """R14."""
    taxes = []
    for rule in _rules(case):
        lines = rule["applies_to"]
        base = sum((r["left"] for r in rows if lines is None or r["line"] in lines), Fraction(0))
        if base != 0:
            taxes.append(_row(case, rule["name"], base, rule["rate"], kind="tax"))
    return taxes


def _rules(case: Case) -> list[dict[str, Any]]:
    """Those of the first level that has any, from the most to the least specific."""
    address = case["address"]
    if address is None:
        return []
    code = address["postal_code"]
    prefixes = [code[:length] for length in range(len(code), 0, -1)]
    for state in (address["state"] or "none", None):
        for prefix in (*prefixes, None):
            wanted = (address["country"], state, prefix)
            found = [
                rule
                for rule in case["tax_rules"]
                if (rule["country"], rule["state"], rule["postal_prefix"]) == wanted
            ]
            if found:
                return found
    return []


def billed_once(case: Case) -> dict[Any, list[Fraction]]:
    """Amount and units of each key on the month's own invoice."""
    return {
        row["key"] or "shortfall": [row["amount"], row["units"]]
        for row in before_credits(case)
        if _depends(row)
    }


def adjust(case: Case, billed: dict[Any, list[Fraction]]) -> list[Row]:
    """R18: `billed` holds amount and units of each key so far, and is brought up to date."""
    now = {row["key"] or "shortfall": row for row in before_credits(case) if _depends(row)}
    changed: list[Row] = []
    for key in [*now, *(key for key in billed if key not in now)]:
        row = now.get(key)
        amount, units = (row["amount"], row["units"]) if row else (Fraction(0), Fraction(0))
        before = billed.setdefault(key, [Fraction(0), Fraction(0)])
        if amount != before[0]:
            delta = amount - before[0], units - before[1]
            changed.append({"key": key, "amount": delta[0], "units": delta[1]})
            billed[key] = [amount, units]
    return changed


def _depends(row: Row) -> bool:
    return row["kind"] in {"usage", "shortfall"}
