"""What the OpenAPI document says of types: JSON Schema 2020-12, read off the structs.

A field's description is the string that stands below it, so that it is written once, where the
field is.
"""

import ast
import inspect
import itertools
import re
import textwrap
import types
from collections.abc import Iterable
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import UnsetType

_REFERENCE = "#/components/schemas/{name}"
_SOURCE = re.compile(r"\s*\((?:contract: )?(?:access|billing|identity|protocol|README)[^()]*\)")


def told(docstring: str | None) -> str:
    """A docstring as readers outside get it: without the rule's source, which is for us."""
    return _SOURCE.sub("", inspect.cleandoc(docstring or ""))


def parts(annotation: Any) -> list[Any]:
    """The members of a union; of any other type, itself."""
    if get_origin(annotation) is Union or isinstance(annotation, types.UnionType):
        return list(get_args(annotation))
    return [annotation]


class Schemas:
    """The schema of each type, and the named ones that they refer to."""

    def __init__(self, annotations: Iterable[Any]) -> None:
        """Read them all off at once. Raises TypeError for one that JSON cannot hold."""
        known = list(dict.fromkeys(annotations))
        schemas, named = msgspec.json.schema_components(known, ref_template=_REFERENCE)
        self._schemas: dict[Any, dict[str, Any]] = dict(zip(known, schemas, strict=True))
        self.named = {name: named[name] for name in sorted(named)}
        structs = _structs(msgspec.inspect.multi_type_info(known))
        for name, schema in self.named.items():
            _finish(schema, _made_from(name, schema, structs))

    def of(self, annotation: Any) -> dict[str, Any]:
        """The schema of one type."""
        return self._schemas[annotation]

    def either(self, annotations: list[Any]) -> dict[str, Any]:
        """The schema of a value that has one of several types."""
        if len(annotations) == 1:
            return self.of(annotations[0])
        return {"anyOf": [self.of(one) for one in annotations]}


def _structs(infos: Iterable[Any]) -> set[Any]:
    """Every struct in these types, however deep."""
    found: set[Any] = set()
    waiting = list(infos)
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType):
            struct = get_origin(info.cls) or info.cls
            if info.cls in found:
                continue
            found |= {info.cls, struct}
        if isinstance(info, msgspec.inspect.Type | msgspec.inspect.Field):
            waiting += msgspec.structs.astuple(info)
        elif isinstance(info, tuple):
            waiting += info
    return {one for one in found if inspect.isclass(one)}


def _made_from(name: str, schema: dict[str, Any], structs: set[Any]) -> Any:
    """The struct behind a named schema: msgspec tells those of one name apart by their module."""
    title = schema.get("title", name).partition("[")[0]
    alike = [one for one in structs if one.__name__ == title]
    if len(alike) > 1:
        alike = [one for one in alike if name.startswith(f"{one.__module__}.{one.__qualname__}")]
    return alike[0] if alike else None


def _finish(schema: dict[str, Any], struct: Any) -> None:
    """What msgspec leaves out: that fields may be unset, and what each of them means."""
    if "description" in schema:
        schema["description"] = told(schema["description"])
    if struct is None:
        return
    texts = field_descriptions(struct)
    for field in msgspec.structs.fields(struct):
        name = field.encode_name
        if UnsetType in parts(field.type) and name in schema.get("required", []):
            schema["required"].remove(name)
        if field.name in texts:
            schema["properties"][name]["description"] = texts[field.name]


def field_descriptions(struct: Any) -> dict[str, str]:
    """The strings that stand below a struct's fields, by field; none where the source is not."""
    texts: dict[str, str] = {}
    for one in reversed(struct.__mro__):
        if issubclass(one, msgspec.Struct) and one is not msgspec.Struct:
            texts |= _own_descriptions(one)
    return texts


def _own_descriptions(struct: type) -> dict[str, str]:
    try:
        source = inspect.getsource(struct)
    except OSError:
        return {}
    definition = ast.parse(textwrap.dedent(source)).body[0]
    if not isinstance(definition, ast.ClassDef):
        return {}
    texts = {}
    for field, below in itertools.pairwise(definition.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(text))
            ):
                texts[name] = told(text)
    return texts
