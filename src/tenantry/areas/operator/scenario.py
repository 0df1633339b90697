"""Scenario files: customers with everything in them, read from YAML or JSON."""

import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from tenantry.areas.operator.scenario_billing import COUNTRY_PATTERN, NO_BLANK_PATTERN
from tenantry.areas.operator.scenario_checks import check
from tenantry.areas.operator.scenario_parts import (
    ID_PATTERN,
    SECRET_PATTERN,
    BadScenario,
    note_said,
)
from tenantry.areas.operator.scenario_shape import Scenario, Token
from tenantry.areas.operator.scenario_text import plain_values
from tenantry.core.clock import read, system_clock

MAX_BYTES = 16 * 1024 * 1024

_PLACE = re.compile(r"(?P<why>.*) - at (?:`key` in )?`\$\.?(?P<place>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_UNQUOTED = re.compile(r"Expected `str.*`, got `(int|float|decimal|bool)`")
_PATTERNS = {
    ID_PATTERN: "is no id: 1 to 64 letters and digits",
    SECRET_PATTERN: "is no secret: 16 to 128 letters, digits, '-' and '_'",
    COUNTRY_PATTERN: "is no country: two capital letters, such as DE",
    NO_BLANK_PATTERN: "holds nothing but blanks",
}


def read_file(path: Path) -> Scenario:
    """The scenario in a file, checked as far as it can be without a database.

    JSON if the file is named so or begins like it, else YAML. Raises BadScenario, also for a
    file that can't be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise BadScenario(str(path), problem.strerror or "can't be read") from problem
    if len(content) > MAX_BYTES:
        raise BadScenario(str(path), f"is longer than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadScenario(str(path), f"is not UTF-8 (byte {problem.start})") from problem
    suffix = path.suffix.lower()
    is_yaml = suffix in {".yaml", ".yml"}
    return read_text(text, is_json=suffix == ".json" or (not is_yaml and text[:1] in {"{", "["}))


def read_text(text: str, *, is_json: bool = False) -> Scenario:
    """As `read_file`, of a text. Raises BadScenario."""
    values = plain_values(text, is_json=is_json)
    if values is None:
        raise BadScenario("", "the scenario is empty")
    try:
        scenario = msgspec.convert(values, Scenario)
    except msgspec.ValidationError as problem:
        raise _blamed(str(problem)) from problem
    note_said(values, scenario)
    check(scenario)
    return scenario


def first_tokens(scenario: Scenario) -> list[str]:
    """Given secrets that are good for a first try, as far as the file tells: owners' come first.

    They live and are unlimited.
    """
    found: list[str] = []
    for customer in scenario.customers:
        owners = {name for user in customer.users if user.owner for name in (user.id, user.login)}
        of_owners_first = sorted(customer.tokens, key=lambda token: token.user not in owners)
        usable = filter(_is_usable, of_owners_first)
        found += [token.access_token for token in usable if token.access_token is not None]
    return found


def _is_usable(token: Token) -> bool:
    lives = token.expires_at is None or read(token.expires_at) > system_clock()
    is_wide = "global" in token.scope.split() and not token.services
    return lives and is_wide


def _blamed(text: str) -> BadScenario:
    """What msgspec says: "Expected `str`, got `int` - at `$.customers[0].name`"."""
    found = _PLACE.fullmatch(text)
    why, place = (found["why"], found["place"]) if found else (text, "")
    missing, unknown = _MISSING.fullmatch(why), _UNKNOWN.fullmatch(why)
    inside = f"{place}." if place else ""
    if missing:
        return BadScenario(inside + missing["name"], "is missing")
    if unknown:
        return BadScenario(inside + unknown["name"][:60], "is no key of this")
    for pattern, words in _PATTERNS.items():
        if repr(pattern) in why:
            why = words
    if why.startswith("Invalid enum value"):
        why += f", it is one of: {', '.join(_choices(place))}"
    if _UNQUOTED.fullmatch(why):
        why += " (put it in quotes)"
    return BadScenario(place, why.replace("`", ""))


def _choices(place: str) -> list[str]:
    """The words that may stand at a place."""
    kinds: list[Any] = [inspect.type_info(Scenario)]
    for name in re.findall(r"[A-Za-z_]+", place):
        fields = [field for kind in _inner(kinds) for field in getattr(kind, "fields", ())]
        kinds = [field.type for field in fields if field.encode_name == name]
    return [str(value) for kind in _inner(kinds) for value in getattr(kind, "values", ())]


def _inner(kinds: list[Any]) -> list[Any]:
    """Types without what stands around them: lists, unions, annotations."""
    found = []
    while kinds:
        kind, *kinds = kinds
        if isinstance(kind, inspect.ListType | inspect.VarTupleType):
            kinds.append(kind.item_type)
        elif isinstance(kind, inspect.Metadata):
            kinds.append(kind.type)
        elif isinstance(kind, inspect.UnionType):
            kinds.extend(kind.types)
        else:
            found.append(kind)
    return found
