"""Writes the documents that say what code says: `make docs`. Tests hold them against the code."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tenantry.areas.operator.scenario_shape import Scenario
from tenantry.core.permissions import CATALOGUE, COLUMNS
from tests.clients.document import compatibility

DOCS = Path(__file__).parent.parent / "docs"


def scenario_schema() -> str:
    """The JSON Schema of scenario files, for editors and for whoever writes them by program."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tenantry scenario",
        **msgspec.json.schema(Scenario),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


BEGIN, END = "<!-- generated: the matrix -->", "<!-- end of the matrix -->"
_CELLS = {"b": "r+", "e": "own\\*", "o": "own", "s": "own+"}


def matrix() -> str:
    """What each built-in role confers, as a table."""
    lines = [
        " | ".join(("| permission", "what", *COLUMNS)) + " |",
        "|" + "---|" * (len(COLUMNS) + 2),
    ]
    for one in CATALOGUE:
        cells = (_CELLS.get(cell, cell) for cell in one.cells)
        lines.append(" | ".join((f"| `{one.name}`", one.description, *cells)) + " |")
    return "\n".join(lines)


def access_guide() -> str:
    """The guide to access, with the matrix as it is."""
    before, _, rest = (DOCS / "access.md").read_text("utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n\n{matrix()}\n\n{END}{rest.partition(END)[2]}"


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "access.md": access_guide,
    "compatibility.md": compatibility,
    "scenario.schema.json": scenario_schema,
}
"""Each document by its name in docs/, with what makes its text."""


def main() -> None:
    """Write all of them."""
    for name, make in DOCUMENTS.items():
        (DOCS / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    main()
