"""The route index: a tree of path segments, literal ones before parameters."""

from functools import lru_cache
from typing import Any

_ANY = "{}"
_LOGIN = "{user_login}"
_REST = "{usage_event_id}"
"""A last parameter that takes whatever is left: ids that others gave may hold slashes."""


class Routes:
    """Finds what serves a path, in as many steps as the path has segments."""

    def __init__(self) -> None:
        """Begin with none."""
        self._root: dict[str, Any] = {}
        self._with_login: dict[tuple[str, str], dict[str, Any]] = {}
        self._with_rest: dict[tuple[str, ...], dict[str, Any]] = {}

    def add(self, method: str, template: str, operation: Any) -> None:
        """Serve `method` on `/user/{user_id}`. Raises ValueError if something does already."""
        node = self._root
        names = []
        for segment in template[1:].split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node = node.setdefault(_ANY, {})
            else:
                node = node.setdefault(segment, {})
        methods = node.setdefault("", {})
        if method in methods:
            message = f"{method} {template} is declared twice"
            raise ValueError(message)
        methods[method] = (operation, tuple(names))
        before, is_login, behind = template.partition(_LOGIN)
        if is_login and behind and names == [_LOGIN[1:-1]]:
            self._with_login[before, behind] = methods
        if template.endswith(_REST):
            self._with_rest[tuple(template[1:].split("/"))] = methods

    def find(self, path: str) -> tuple[dict[str, Any], list[str]] | None:
        """What serves a path by method, and the values of its parameters.

        One slash at the end is tolerated (contract: protocol §1.4), and slashes in a login and
        in a usage event's id: they are legal there, and servers hand over the path decoded.
        """
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        values: list[str] = []
        node = _walk(self._root, path[1:].split("/"), 0, values)
        if node is not None:
            return node, values
        return self._find_login(path) or self._find_rest(path)

    def _find_login(self, path: str) -> tuple[dict[str, Any], list[str]] | None:
        for (before, behind), methods in self._with_login.items():
            login = path[len(before) : -len(behind)]
            if login and path == f"{before}{login}{behind}":
                return methods, [login]
        return None

    def _find_rest(self, path: str) -> tuple[dict[str, Any], list[str]] | None:
        for template, methods in self._with_rest.items():
            segments = path[1:].split("/", len(template) - 1)
            if len(segments) == len(template) and segments[-1]:
                pairs = list(zip(template, segments, strict=True))
                values = [given for part, given in pairs if part.startswith("{")]
                if all(part.startswith("{") or part == given for part, given in pairs):
                    return methods, values
        return None


@lru_cache(maxsize=1)
def indexed(table: tuple[Any, ...]) -> Routes:
    """The index of a table of operations; made once, since nothing changes it any more."""
    routes = Routes()
    for row in table:
        routes.add(row.method, row.path, row)
    return routes


def _walk(
    node: dict[str, Any], segments: list[str], at: int, values: list[str]
) -> dict[str, Any] | None:
    if at == len(segments):
        found: dict[str, Any] | None = node.get("")
        return found
    segment = segments[at]
    if not segment:
        return None
    literal = node.get(segment) if segment != _ANY else None
    if literal is not None:
        found = _walk(literal, segments, at + 1, values)
        if found is not None:
            return found
    parameter = node.get(_ANY)
    if parameter is None:
        return None
    values.append(segment)
    found = _walk(parameter, segments, at + 1, values)
    if found is None:
        values.pop()
    return found


def allowed(methods: dict[str, Any]) -> str:
    """The verbs that an address takes, as an Allow header names them."""
    names = {*methods, "OPTIONS"}
    if "GET" in methods:
        names.add("HEAD")
    return ", ".join(sorted(names))
