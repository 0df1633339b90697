"""Writes the documents that say what code says: `make docs`. Tests hold them against the code."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tenantry.areas.operator.scenario_shape import Scenario
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


DOCUMENTS: Mapping[str, Callable[[], str]] = {
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
