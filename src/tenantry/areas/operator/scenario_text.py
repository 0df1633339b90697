"""A scenario's text as plain values: YAML or JSON, of bounded size, and nothing said twice."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from tenantry.areas.operator.scenario_parts import BadScenario

try:
    from yaml import CSafeLoader as _Safe
except ImportError:  # PyYAML built without libyaml: the same, ten times slower
    from yaml import SafeLoader as _Safe  # type: ignore[assignment] # has the same methods

MAX_VALUES = 1_000_000
MAX_DEPTH = 32
_TOO_DEEP = f"is nested more than {MAX_DEPTH} deep"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(_Safe):
    """Leaves times as the text that they are; struct fields say what is a time."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own attribute, read only
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in _Safe.yaml_implicit_resolvers.items()
    }


def _fraction(loader: _Loader, node: yaml.ScalarNode) -> Decimal | float:
    """A number with every digit that is written; what only YAML calls a number stays its own."""
    try:
        return Decimal(node.value.replace("_", ""))
    except InvalidOperation:
        return loader.construct_yaml_float(node)


_Loader.add_constructor("tag:yaml.org,2002:float", _fraction)


def plain_values(text: str, *, is_json: bool) -> Any:
    """Dicts, lists, texts, numbers, booleans and None. Raises BadScenario."""
    try:
        values = _from_json(text) if is_json else _from_yaml(text)
    except yaml.MarkedYAMLError as problem:
        raise BadScenario(_line_of(problem), problem.problem or "is no YAML") from problem
    except json.JSONDecodeError as problem:
        raise BadScenario(f"line {problem.lineno}", f"is no JSON: {problem.msg}") from problem
    except yaml.YAMLError as problem:
        raise BadScenario("", f"is no YAML: {problem}") from problem
    except RecursionError as problem:
        raise BadScenario("", _TOO_DEEP) from problem
    except BadScenario:
        raise
    except ValueError as problem:
        raise BadScenario("", str(problem)) from problem
    _check_values(values)
    return values


def _line_of(problem: yaml.MarkedYAMLError) -> str:
    mark = problem.problem_mark or problem.context_mark
    return "" if mark is None else f"line {mark.line + 1}"


def _from_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once_each, parse_float=Decimal)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadScenario("", f"the key {twice[:60]!r} stands twice in one object")
    return values


def _from_yaml(text: str) -> Any:
    _check_depth(text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_keys(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check_depth(text: str) -> None:
    """Before anything recursive reads it: libyaml's composer ends the process on deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            mark = event.start_mark
            line = "" if mark is None else f"line {mark.line + 1}"
            raise BadScenario(line, _TOO_DEEP)


def _check_keys(root: yaml.Node) -> None:
    seen, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            _check_mapping(node)
            waiting += [value for _, value in node.value]
        else:
            waiting += node.value


def _check_mapping(node: yaml.MappingNode) -> None:
    names = set()
    for key, _ in node.value:
        line = f"line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode) or key.tag not in {_TEXT, _MERGE}:
            raise BadScenario(line, "a key must be a word")
        if key.value in names and key.tag != _MERGE:
            raise BadScenario(line, f"the key {key.value[:60]!r} stands twice in one mapping")
        names.add(key.value)


def _check_values(root: Any) -> None:
    """Few enough and flat enough once aliases are followed, and texts that a database can keep."""
    waiting: list[tuple[str, int, Any]] = [("", 0, root)]
    count = 0
    while waiting:
        place, depth, value = waiting.pop()
        if isinstance(value, str):
            _check_text(place, value)
        elif isinstance(value, dict | list):
            count += len(value)
            # Counted before they are taken up: aliases can name one long list many times.
            if count > MAX_VALUES:
                raise BadScenario("", f"holds more than {MAX_VALUES} values")
            # A list may name itself.
            if depth == MAX_DEPTH:
                raise BadScenario("", _TOO_DEEP)
            waiting += [(inside, depth + 1, one) for inside, one in _children(place, value)]


def _children(place: str, value: dict[Any, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield f"{place}.{str(name)[:60]}" if place else str(name)[:60], one
    else:
        for at, one in enumerate(value):
            yield f"{place}[{at}]", one


def _check_text(place: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        raise BadScenario(place, "holds half a character (a lone surrogate)") from problem
    if "\0" in text:
        raise BadScenario(place, "holds a NUL character")
