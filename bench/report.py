"""The results: one line for each thing measured, as text to read and as JSON to compare."""

import datetime as dt
from pathlib import Path
from statistics import median
from typing import Literal

import msgspec

_FOLDER = Path(__file__).parent / "results"
NOT_USED = "not used"
"""Said of a database that a run did without."""
_HEADS = ("measured", "ours", "against", "ratio", "target", "")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was measured."""

    name: str
    ours: float
    against: float
    """What it is compared with, measured in the same run; a fixed limit where there is none."""
    unit: str
    """Of both: "/s", "µs", "ms", "MB" or "bytes"."""
    target: float
    goal: Literal["at least", "at most"]
    """Whether the ratio `ours / against` should reach the target or stay below it."""
    rounds: list[float]
    """The ratio of each round; the result's own is their median."""
    ratio: float
    more: str = ""
    commit: str = ""
    """What was measured, if not what the rest of the report was."""

    @property
    def is_met(self) -> bool:
        """Whether the target is met."""
        return self.ratio >= self.target if self.goal == "at least" else self.ratio <= self.target

    def cells(self) -> tuple[str, ...]:
        """As a row of the table."""
        sign = "≥" if self.goal == "at least" else "≤"
        remarks = [
            "met" if self.is_met else "MISSED",
            self.more,
            self.commit and f"at {self.commit}",
        ]
        return (
            self.name,
            f"{self.ours:,.0f} {self.unit}",
            f"{self.against:,.0f} {self.unit}",
            f"{self.ratio:.2f}",
            f"{sign} {self.target:g}",
            "; ".join(filter(None, remarks)),
        )


def within(name: str, values: list[float], *, limit: float, unit: str) -> Result:
    """A result that has a fixed limit, from the value of each round."""
    rounds = [value / limit for value in values]
    return Result(
        name=name,
        ours=median(values),
        against=limit,
        unit=unit,
        target=1,
        goal="at most",
        rounds=rounds,
        ratio=median(rounds),
    )


class Report(msgspec.Struct, frozen=True):
    """A run."""

    date: str
    facts: dict[str, str]
    results: list[Result]


def markdown(report: Report) -> str:
    """The report to read."""
    rows = [_HEADS, *(result.cells() for result in report.results)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADS))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    facts = [f"- {name}: {fact}" for name, fact in report.facts.items()]
    return "\n".join([f"# Measured on {report.date}", "", *lines, "", *facts, ""])


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "| " + " | ".join(padded) + " |"


def keep(results: list[Result], facts: dict[str, str], *, is_kept: bool) -> None:
    """Print the report, and write it beside those of other days if it is to be kept."""
    date = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")
    report = Report(date, facts, results)
    print("\n" + markdown(report))
    if not is_kept:
        return
    _FOLDER.mkdir(exist_ok=True)
    path = _FOLDER / f"{date}.json"
    if path.exists():
        report = joined(msgspec.json.decode(path.read_bytes(), type=Report), report)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    path.with_suffix(".md").write_text(markdown(report))


def joined(earlier: Report, later: Report) -> Report:
    """Both runs of a day: what was measured again is as the later one found it."""
    again = {result.name for result in later.results}
    commit = earlier.facts.get("commit", "")
    results = [
        msgspec.structs.replace(result, commit=result.commit or commit)
        for result in earlier.results
        if result.name not in again
    ]
    facts = {**earlier.facts, **later.facts}
    if later.facts.get("postgresql") == NOT_USED:
        facts["postgresql"] = earlier.facts.get("postgresql", NOT_USED)
    return Report(later.date, facts, results + later.results)
