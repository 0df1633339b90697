"""The deviations that some official clients need, as one table (contract: identity §1.7).

The generated Python and JavaScript clients refuse answers that the vendor itself gives: `null`
where their model has a plain type, and an envelope where it has an array. For them alone, and
only while `TENANTRY_CLIENT_COMPATIBILITY` is on, the answer bends.
"""

from collections.abc import Callable
from typing import Any

import msgspec

_PYTHON, _JAVASCRIPT = "fastly-py/", "fastly-js/"


def bent(shim: str, result: Any, user_agent: str) -> Any:
    """An answer as the asking client can read it."""
    for client in (_PYTHON, _JAVASCRIPT):
        if user_agent.startswith(client):
            return SHIMS[shim](result, client)
    return result


def _token(result: Any, client: str) -> Any:
    """Leave nulls out, and for Python a `scope` of several words: its enumeration has none."""
    if isinstance(result, list):
        return [_token(one, client) for one in result]
    values: dict[str, Any] = msgspec.to_builtins(result)
    for name in ("expires_at", "last_used_at", "ip", "user_agent"):
        if values.get(name, "") is None:
            del values[name]
    if client == _PYTHON and " " in (values.get("scope") or ""):
        del values["scope"]
    return values


def _automation_list(result: Any, client: str) -> Any:
    """The bare array instead of the envelope, and nothing null in it."""
    values = msgspec.to_builtins(result)
    return [
        _token({name: value for name, value in one.items() if value is not None}, client)
        for one in values["data"]
    ]


SHIMS: dict[str, Callable[[Any, str], Any]] = {
    "token": _token,
    "automation_token_list": _automation_list,
}
