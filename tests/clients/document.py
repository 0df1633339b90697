"""docs/compatibility.md, written from the same cases that the tests run."""

import inspect
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec

from tenantry.app import operations
from tenantry.http.compatibility import SHIMS
from tests.clients.case import Case, all_cases, operation_name
from tests.clients.endpoints import ENDPOINTS, Client

_INTRODUCTION = """\
# Compatibility with official clients

<!-- Written by `make docs` from tests/clients; a test fails when it is out of date. -->

The official CLI {cli} and the official Python client {python} work against this server as they
come: only the address is changed. Every line below is a test (`tests/clients`) that runs the real
client against a live server, on SQLite and on PostgreSQL, and looks up in the server's log that
the endpoint was reached. The Python client's type checking of answers is on.

To point them here:

```sh
export FASTLY_API_ENDPOINT=http://127.0.0.1:8080 FASTLY_ACCOUNT_ENDPOINT=http://127.0.0.1:8080
export FASTLY_API_TOKEN=…    # both clients read it
```

```python
configuration = fastly.Configuration(host="http://127.0.0.1:8080")
```

The official JavaScript client {javascript}, [pointed here](client-setup.md#javascript), reads
customers, users, tokens, contacts, events, invoices and usage (`tests/clients/test_javascript.py`).
Its `getUsageMetrics` gives an empty object, whoever answers: the client's model has one metric
where there is a list.
"""
_SHIM = """\
## The shim

The generated Python and JavaScript clients reject some answers that other clients, and the
vendor's own API, hold to be right. For them alone (by `User-Agent`: `fastly-py/…`, `fastly-js/…`)
these answers bend; everybody else gets the plain ones. `TENANTRY_CLIENT_COMPATIBILITY=false`
switches it off. The code is one file, `src/tenantry/http/compatibility.py`.
"""
_DEVIATIONS = """\
## Deviations

What the server cannot mend, because the client itself would reject or misread any answer.
"""
_REFUSALS = """\
## Refusals

What somebody sees when a call is refused.
"""
_CLIENTS: tuple[Client, ...] = ("CLI", "Python")


def compatibility() -> str:
    """The whole document."""
    cases = all_cases()
    deviations = list(dict.fromkeys(case.deviation for case in cases if case.deviation))
    sections = (
        _INTRODUCTION.format(
            cli=_version("@fastly/cli"), python=version("fastly"), javascript=_version("fastly")
        ),
        "## Endpoints\n\n" + _lines(_endpoints(cases, deviations)),
        _SHIM + "\n" + _lines(_shims()),
        _DEVIATIONS + "\n" + _lines(_numbered(cases, deviations)),
        _REFUSALS + "\n" + _lines(_refusals(cases)),
    )
    return "\n".join(sections)


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _version(name: str) -> str:
    package = msgspec.json.decode((Path(__file__).parent / "package.json").read_bytes())
    return str(package["dependencies"][name])


def _endpoints(cases: list[Case], deviations: list[str]) -> Iterator[str]:
    yield "| Endpoint | Client | Call | Result |"
    yield "|---|---|---|---|"
    shims = _shim_names()
    for number, endpoint in ENDPOINTS.items():
        for client in _CLIENTS:
            played = [
                case
                for case in cases
                if case.client == client and number in case.endpoints and not case.shows
            ]
            if not played:
                continue
            calls = "<br>".join(dict.fromkeys(_shown_call(case) for case in played))
            numbers = [deviations.index(case.deviation) + 1 for case in played if case.deviation]
            shim = client == "Python" and operation_name(number) in shims
            yield f"| `{endpoint.route}` | {client} | {calls} | {_result(numbers, shim=shim)} |"


def _result(deviations: list[int], *, shim: bool) -> str:
    words = [f"deviation {number}" for number in sorted(set(deviations))] or ["works"]
    return ", ".join(words + ["shim"] * shim)


def _shown_call(case: Case) -> str:
    if case.client == "CLI":
        return f"`fastly {case.call.replace('{', '<').replace('}', '>')}`"
    return f"`{case.call}`"


def _shim_names() -> dict[str, str]:
    """Which shim bends the answers of an operation."""
    return {row.name: row.compatibility for row in operations() if row.compatibility}


def _shims() -> Iterator[str]:
    yield "| Answers of | What bends |"
    yield "|---|---|"
    for shim, bend in SHIMS.items():
        routes = [f"`{row.method} {row.path}`" for row in operations() if row.compatibility == shim]
        words = " ".join((inspect.getdoc(bend) or "").split())
        yield f"| {'<br>'.join(routes)} | {words} |"


def _numbered(cases: list[Case], deviations: list[str]) -> Iterator[str]:
    for number, words in enumerate(deviations, 1):
        calls = (_shown_call(case) for case in cases if case.deviation == words)
        yield f"{number}. {', '.join(dict.fromkeys(calls))}: {words}"


def _refusals(cases: list[Case]) -> Iterator[str]:
    yield "| What | Client | Call | What is seen |"
    yield "|---|---|---|---|"
    for case in cases:
        if case.shows:
            what = case.name.replace("_", " ").capitalize()
            yield f"| {what} | {case.client} | {_shown_call(case)} | {case.shows} |"
