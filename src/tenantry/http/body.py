"""Reading a body: JSON or a form, whichever came, into the struct that an operation takes.

Lenient where official clients differ (contract: protocol §5), strict where it matters: UTF-8,
no NUL, no bottomless nesting, values of the right type; the refusal names the field.
"""

import re
import types
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from tenantry.core.errors import Problem, bad_request
from tenantry.http.message import Request, pairs_of
from tenantry.http.wire import FORM

T = TypeVar("T")

MAX_BODY = 1 << 20
MAX_DEPTH = 32
MAX_FIELDS = 2000
_LENIENT = msgspec.json.Decoder()
_EXACT = msgspec.json.Decoder(float_hook=Decimal)
_FORM_NULLS = frozenset({"None", "null", ""})
"""What forms say for null (contract: protocol §5.1)."""
_JSON_NULLS = frozenset({""})
"""JSON has a null of its own: any other text means itself."""
_MEMBER = re.compile(r"(.+)\[[0-9]{0,4}\]", re.DOTALL)
"""One value of a list, as Ruby and Go name it (`name[]`), or PHP and JavaScript (`name[0]`)."""
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


class Body(Generic[T]):
    """A body not yet read: a call decodes it, so a missing row is told before a bad field."""

    __slots__ = ("_forms", "_request", "_shape")

    def __init__(self, request: Request, shape: "Shape[T]", *, takes_forms: bool) -> None:
        """Keep what came."""
        self._request = request
        self._shape = shape
        self._forms = takes_forms

    @property
    def is_form(self) -> bool:
        """Whether it came as a form, as browsers send it. Raises Problem 415."""
        return content_kind(self._request, takes_forms=self._forms) == "form"

    @property
    def raw(self) -> bytes:
        """What came, for an operation that reads it by itself."""
        return self._request.body

    @property
    def media_type(self) -> str:
        """What it is said to be, in lower case and without parameters; nothing if nothing is."""
        return media_type(self._request)

    def header(self, name: str) -> str | None:
        """A header that belongs to it; the name in lower case."""
        return self._request.headers.get(name)

    def __call__(self) -> T:
        """The struct. Raises Problem 400, 415."""
        nulls = _FORM_NULLS if self.is_form else _JSON_NULLS
        return self._shape.read(self._values(_LENIENT), nulls)

    def sent(self) -> dict[str, Any]:
        """What came, field by field, before the whole is asked for; nothing where it is unreadable.

        So that who may not change a field hears that before what is wrong with the rest, or with
        the field itself, which is then as it came (contract: protocol §3).
        """
        try:
            nulls = _FORM_NULLS if self.is_form else _JSON_NULLS
            return self._shape.each(self._values(_LENIENT), nulls)
        except Problem:
            return {}

    def values(self) -> dict[str, Any]:
        """All that came, fractions as exact decimals, for who reads it himself.

        Raises Problem 400, 415.
        """
        return self._values(_EXACT)

    def _values(self, decoder: msgspec.json.Decoder[Any]) -> dict[str, Any]:
        kind = content_kind(self._request, takes_forms=self._forms)
        raw = self._request.body
        values = _form(raw, self._shape.lists) if kind == "form" else _json(raw, decoder)
        if not isinstance(values, dict):
            raise bad_request("Expected a JSON object")
        return values


def media_type(request: Request) -> str:
    """The Content-Type in lower case, without its parameters."""
    return (request.headers.get("content-type") or "").partition(";")[0].strip().lower()


def content_kind(request: Request, *, takes_forms: bool) -> Literal["form", "json"]:
    """How the body is written. Raises Problem 415 for what the operation does not take."""
    given = media_type(request)
    if not given:
        is_json = not takes_forms or request.body.lstrip()[:1] in {b"{", b"["}
        return "json" if is_json else "form"
    if given == "application/json" or (
        given.startswith("application/") and given.endswith("+json")
    ):
        # Python sends a body-less POST to a form endpoint as empty JSON (contract: identity §1.2).
        return "form" if takes_forms and not request.body else "json"
    if given == FORM and takes_forms:
        return "form"
    detail = f"Content type '{given[:100]}' is not taken here"
    raise Problem(415, "Unsupported media type", detail)


def _json(raw: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        value = decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, InvalidOperation) as problem:
        raise bad_request("Invalid JSON") from problem
    _check(value, MAX_DEPTH)
    return value


def _check(value: Any, depth: int) -> None:
    if depth < 0:
        detail = f"Invalid JSON: nested deeper than {MAX_DEPTH} levels"
        raise bad_request(detail)
    if isinstance(value, str):
        if "\0" in value:
            raise bad_request("NUL characters are not allowed")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, depth)
            _check(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)


def _form(raw: bytes, listed: frozenset[str]) -> dict[str, Any]:
    """Single values by name (the last wins); `name[]` and `name[0]` collect, an empty one is none.

    What is meant as a list collects under its mere name, too: so it comes from Python's `requests`.
    """
    try:
        pairs = pairs_of(raw, MAX_FIELDS)
    except ValueError as problem:
        raise bad_request("The form is not valid UTF-8 or has too many fields") from problem
    values: dict[str, Any] = {}
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in value or "\0" in name:
            raise bad_request("NUL characters are not allowed")
        of_list = _MEMBER.fullmatch(name)
        if of_list is not None:
            lists.setdefault(of_list[1], []).extend([value] if value else [])
        elif name in listed and name in values:
            lists.setdefault(name, []).extend(_listed(value))
        else:
            values[name] = value
    for name, collected in lists.items():
        values[name] = _listed(values[name]) + collected if name in values else collected
    return values


def _listed(text: str) -> list[str]:
    """The parts of a list that came as one text."""
    return text.replace(",", " ").split()


class Shape(Generic[T]):
    """How values become one struct: which fields are booleans, lists, and may be null."""

    def __init__(self, struct: type[T]) -> None:
        """Look its fields up once."""
        self.struct = struct
        self._fields = {
            field.encode_name: _Field(field.type)
            for field in msgspec.structs.fields(struct)  # type: ignore[arg-type] # T is always a Struct
        }
        self.lists = frozenset(name for name, field in self._fields.items() if field.is_list)
        """The fields that hold several values."""

    def read(self, values: dict[str, Any], nulls: frozenset[str] = _JSON_NULLS) -> T:
        """The struct; where it may, a text among `nulls` is null.

        Raises Problem 400, naming the field.
        """
        known = {
            name: field.read(values[name], nulls)
            for name, field in self._fields.items()
            if name in values
        }
        try:
            return msgspec.convert(known, self.struct, strict=False)
        except msgspec.ValidationError as problem:
            raise bad_request(self._sentence(str(problem))) from problem

    def each(self, values: dict[str, Any], nulls: frozenset[str]) -> dict[str, Any]:
        """Its fields that were given, those that are wrong as they came."""
        given = {}
        for name in self._fields.keys() & values.keys():
            value = self._fields[name].read(values[name], nulls)
            try:
                given[name] = getattr(
                    msgspec.convert({name: value}, self.struct, strict=False), name
                )
            except msgspec.ValidationError:
                given[name] = value
        return given

    def _sentence(self, text: str) -> str:
        """Turn "Expected `int`, got `str` - at `$.port`" into words for people."""
        if text.startswith("Object missing required field"):
            return f"{_label(text.split('`')[1])} is required"
        why, _, path = text.rpartition(" - at `$.")
        name = path.rstrip("`")
        field = self._fields.get(name)
        if why.startswith("Invalid enum value") and field is not None and field.choices:
            return f"{_label(name)} must be one of: {', '.join(field.choices)}"
        return f"{_label(name)}: {(why or text).replace('`', '')}"


def _label(name: str) -> str:
    """A field as people call it; one inside another is told by its path."""
    return name if "." in name.partition("[")[0] else name.replace("_", " ").capitalize()


class _Field:
    """What one field can hold."""

    def __init__(self, annotation: Any) -> None:
        parts = _parts(annotation)
        self.is_boolean = bool in parts
        self.is_list = any(get_origin(part) is list for part in parts)
        self.may_be_null = type(None) in parts
        self.choices = [
            choice for part in parts if get_origin(part) is Literal for choice in get_args(part)
        ]

    def read(self, value: Any, nulls: frozenset[str]) -> Any:
        if self.may_be_null and isinstance(value, str) and value in nulls:
            return None
        if self.is_boolean and isinstance(value, str | int):
            return _boolean(str(value))
        if self.is_list and isinstance(value, str):
            return _listed(value)
        return value


def _boolean(text: str) -> bool | str:
    folded = text.lower()
    if folded in _TRUE:
        return True
    return False if folded in _FALSE else text


def _parts(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Union or isinstance(annotation, types.UnionType):
        return [inner for part in get_args(annotation) for inner in _parts(part)]
    return [annotation]
