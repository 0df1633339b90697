"""Who may import whom: the order of the house, from the ground up."""

import ast
from collections.abc import Iterator, Sequence

PACKAGE = "tenantry"

AREAS = (
    "customers",
    "users",
    "roles",
    "services",
    "groups",
    "tokens",
    "invitations",
    "federation",
    "realm",
    "addresses",
    "pricing",
    "usage",
    "invoices",
    "events",
    "audit",
    "decisions",
    "operator",
)
"""An area knows those before it."""

BELOW = {
    "core": {"core"},
    "access": {"access", "core"},
    "http": {"access", "core", "http"},
    "migrations": {"core", "migrations"},
    "areas": {"access", "areas", "core", "http"},
    "console": {"access", "areas", "console", "core", "http"},
    "settings": {"core"},
}
"""What each part may import. Any other module at the top sees everything but the command line."""


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Everything that a file imports, in functions too: the line, and `package.module.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def may_import(place: Sequence[str], name: Sequence[str]) -> str | None:
    """Why the file at this place may not import that; None if it may."""
    if not name[0]:
        return "imports are absolute"
    if name[0] != PACKAGE or len(name) == 1 or name[1].startswith("__version__"):
        return None
    part, what = place[0], name[1]
    allowed = BELOW.get(part)
    if allowed is None:
        return _may_import_on_top(place, what)
    if what not in allowed or (what == "http" and place[-1] == "model"):
        return f"{'/'.join(place)} may not import {what}"
    return _may_import_area(place, name[2:]) if what == "areas" else None


def _may_import_on_top(place: Sequence[str], what: str) -> str | None:
    """Beside the packages: only `python -m tenantry` imports the command line."""
    if len(place) > 1:
        return f"{place[0]}/ has no place in the house yet: tests/house_imports.py gives it one"
    if what == "cli" and place[0] != "__main__":
        return "nobody imports the command line"
    return None


def _may_import_area(place: Sequence[str], name: Sequence[str]) -> str | None:
    """Between areas, and from the console: earlier ones only, and never how they are reached."""
    area, file = name[0], name[1] if len(name) > 1 else ""
    own = place[1] if place[0] == "areas" and len(place) > 1 else None
    if own is not None and own not in AREAS:
        return f"areas/{own} has no place in the house yet: tests/house_imports.py gives it one"
    if own is not None and area in AREAS and AREAS.index(area) > AREAS.index(own):
        return f"{own} comes before {area}"
    is_reached = file == "api" or file.endswith("_api")
    if is_reached and (own != area or place[-1] == "model"):
        return f"how {area} is reached is its own affair: import its verbs instead of {file}"
    return None
