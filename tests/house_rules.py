"""The rules of the house as code: each looks at one source file and tells what it breaks.

`check` is run over this repository by `test_house_rules.py`, which also breaks every rule once.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from tests.house_imports import imported, may_import

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
MOST_PARAMETERS = 5
FEWEST_WORDS = 4
"""A set of fewer words is read at a glance, in whatever order."""

Finding = tuple[int, str]
"""The line, and what is wrong there."""

_FORBIDDEN = re.compile(r"^(utils?|helpers?|managers?|base)$", re.IGNORECASE)
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SILENCED = re.compile(
    r"noqa(?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: ?ignore(?:\[[\w, -]+\])?|pragma: no \w+|fmt: \w+"
)
_REASON = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True)
class Source:
    """A file, read once."""

    path: PurePosixPath
    """Where it stands in the repository."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """What it says."""
        return ast.parse(self.text)

    @property
    def place(self) -> tuple[str, ...]:
        """Where it stands in the package, without the ending: ("areas", "users", "model")."""
        parts = self.path.with_suffix("").parts
        return parts[2:] if parts[:2] == ("src", "tenantry") else ()

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function, nested ones too."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]

    @property
    def comments(self) -> dict[int, str]:
        """Every comment, by line."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {one.start[0]: one.string for one in tokens if one.type == tokenize.COMMENT}


def imports(source: Source) -> Iterator[Finding]:
    """Who may import whom."""
    for line, name in imported(source.tree):
        refusal = may_import(source.place, name.split(".")) if source.place else None
        if refusal is not None:
            yield line, refusal


def sql(source: Source) -> Iterator[Finding]:
    """SQL stands in core/, access/ (not in decide.py), migrations/, areas' files without HTTP."""
    place = source.place
    if not place or place[0] in {"core", "migrations"}:
        return
    if place[0] == "access" and place[-1] != "decide":
        return
    found = list(imported(source.tree))
    knows_http = any(name.startswith("tenantry.http") for _, name in found)
    for line, name in found:
        library = name.partition(".")[0]
        if library in {"alembic", "apsw", "asyncpg", "sqlite3"}:
            yield line, f"{library} is for core/ and migrations/"
        elif library == "sqlalchemy" and (place[0] != "areas" or place[-1].endswith("api")):
            yield line, "SQL does not stand here"
        elif library == "sqlalchemy" and knows_http:
            yield line, "a file with SQL knows no HTTP"


def servers(source: Source) -> Iterator[Finding]:
    """The servers are imported where HTTP is known, and on top."""
    place = source.place
    if not place or place[0] in {"http", "console"} or len(place) == 1:
        return
    for line, name in imported(source.tree):
        if name.partition(".")[0] in {"granian", "starlette"}:
            yield line, f"{name.partition('.')[0]} is for http/, console/ and what is on top"


def sizes(source: Source) -> Iterator[Finding]:
    """Files, functions and parameter lists have an end. A migration is never touched again."""
    if source.place[:2] == ("migrations", "versions"):
        return
    lines = source.text.count("\n")
    if lines > LONGEST_FILE:
        yield 1, f"the file has {lines} lines, {LONGEST_FILE} are the limit"
    for function in source.functions:
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > LONGEST_FUNCTION:
            yield function.lineno, f"{function.name}() has {lines} lines"
        parameters = _parameters(function)
        if parameters > MOST_PARAMETERS and not _is_excused(source, function):
            yield function.lineno, f"{function.name}() has {parameters} parameters"


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len(names[1:] if names[:1] in (["self"], ["cls"]) else names)


def _is_excused(source: Source, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    head = range(function.lineno, function.body[0].lineno)
    return any("PLR0913" in source.comments.get(line, "") for line in head)


def suppressions(source: Source) -> Iterator[Finding]:
    """What silences a tool names what it silences, and says why."""
    for line, comment in source.comments.items():
        found = list(_SILENCED.finditer(comment))
        if found and not _REASON.search(comment, found[-1].end()):
            yield line, f"no reason: {comment}"


def names(source: Source) -> Iterator[Finding]:
    """Nothing is a utility, a helper, a manager or a base."""
    for part in source.path.with_suffix("").parts:
        if any(_FORBIDDEN.match(word) for word in part.split("_")):
            yield 1, f"{part} says nothing"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and any(map(_FORBIDDEN.match, _WORDS.findall(node.name))):
            yield node.lineno, f"{node.name} says nothing"


def allowed(source: Source) -> Iterator[Finding]:
    """No operation without the permission that it needs."""
    for function in source.functions:
        for decorator in function.decorator_list:
            if not isinstance(decorator, ast.Call) or _called(decorator) != "operation":
                continue
            if "allow" not in {keyword.arg for keyword in decorator.keywords}:
                yield decorator.lineno, f"{function.name}() does not say who may"


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def vocabulary(source: Source) -> Iterator[Finding]:
    """A set of words has no order of its own, so it is written in the alphabet's."""
    if source.place[:1] not in {("core",), ("areas",)}:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Set):
            continue
        words = [one.value for one in node.elts if isinstance(one, ast.Constant)]
        texts = [word for word in words if isinstance(word, str)]
        if len(texts) == len(node.elts) >= FEWEST_WORDS and texts != sorted(texts):
            word = next(
                one for one, right in zip(texts, sorted(texts), strict=True) if one != right
            )
            yield node.lineno, f"the words are not in the alphabet's order from '{word}' on"


RULES: dict[str, Callable[[Source], Iterator[Finding]]] = {
    rule.__name__: rule
    for rule in (imports, sql, servers, sizes, suppressions, names, allowed, vocabulary)
}
_LEFT_OUT = frozenset({"__pycache__", "node_modules"})


def sources(root: Path) -> Iterator[Source]:
    """Every Python file of the product, its tests and its measurements."""
    for folder in ("src", "tests", "bench"):
        for path in sorted((root / folder).rglob("*.py")):
            if not _LEFT_OUT & set(path.parts):
                yield Source(
                    PurePosixPath(path.relative_to(root).as_posix()), path.read_text("utf-8")
                )


def check(root: Path) -> dict[str, list[str]]:
    """What breaks each rule in a repository, as `path:line: what`; every file is read once."""
    found: dict[str, dict[str, None]] = {rule: {} for rule in RULES}
    for source in sources(root):
        for name, rule in RULES.items():
            for line, what in rule(source):
                found[name][f"{source.path}:{line}: {what}"] = None
    return {name: list(told) for name, told in found.items()}
