"""The house keeps its rules; and each rule finds what breaks it, and nothing else."""

from pathlib import Path

import pytest

from tests.house_rules import LONGEST_FILE, LONGEST_FUNCTION, RULES, check

ROOT = Path(__file__).parent.parent

MODEL = "src/tenantry/areas/users/model.py"
API = "src/tenantry/areas/users/api.py"

BROKEN = (
    ("imports", "src/tenantry/core/clock.py", "from tenantry.http.wire import JSON"),
    ("imports", "src/tenantry/core/clock.py", "def f():\n    import tenantry.access.decide"),
    ("imports", "src/tenantry/access/decide.py", "from tenantry.areas.users import model"),
    ("imports", "src/tenantry/http/gate.py", "from tenantry.areas.users import model"),
    ("imports", "src/tenantry/http/gate.py", "from tenantry import settings"),
    ("imports", "src/tenantry/settings.py", "from tenantry.app import Application"),
    ("imports", "src/tenantry/serving.py", "from tenantry import cli"),
    ("imports", "src/tenantry/extras/new.py", "from tenantry.core import clock"),
    ("imports", "src/tenantry/areas/extras/api.py", "from tenantry.areas.users import model"),
    ("imports", MODEL, "from tenantry.http.body import Body"),
    ("imports", MODEL, "from tenantry.areas.tokens import model"),
    ("imports", MODEL, "from tenantry.areas.users.api import User"),
    ("imports", MODEL, "from tenantry.app import operations"),
    ("imports", API, "from tenantry.areas.customers.api import Customer"),
    ("imports", API, "from tenantry.areas.customers import closing_api"),
    ("imports", API, "from . import model"),
    ("imports", "src/tenantry/console/pages.py", "from tenantry.areas.users.api import User"),
    ("sql", API, "from sqlalchemy import select"),
    ("sql", "src/tenantry/areas/users/pages_api.py", "import sqlalchemy"),
    ("sql", MODEL, "from sqlalchemy import select\nfrom tenantry.http.wire import JSON"),
    ("sql", MODEL, "import asyncpg"),
    ("sql", "src/tenantry/access/decide.py", "from sqlalchemy import select"),
    ("sql", "src/tenantry/http/health.py", "from sqlalchemy.sql import select"),
    ("sql", "src/tenantry/cli.py", "import sqlalchemy as sa"),
    ("servers", "src/tenantry/core/clock.py", "from starlette.requests import Request"),
    ("servers", API, "from granian import Granian"),
    ("sizes", API, "\n" * (LONGEST_FILE + 1)),
    ("sizes", API, "async def f():\n" + "    f()\n" * LONGEST_FUNCTION),
    ("sizes", API, "def f(a, b, c, d, *, e, f): ..."),
    ("sizes", API, "class A:\n    def f(self, a, b, c, d, e, f): ..."),
    ("suppressions", API, "x = 1  # noqa"),
    ("suppressions", API, "x = 1  # noqa: S105"),
    ("suppressions", API, "x = 1  # noqa: S105, E501 -"),
    ("suppressions", API, "x = 1  # type: ignore[attr-defined]"),
    ("suppressions", API, "x = 1  # a reason that stands before it # type: ignore[misc]"),
    ("suppressions", "tests/test_it.py", "x = 1  # pragma: no cover"),
    ("names", "src/tenantry/core/utils.py", ""),
    ("names", "src/tenantry/core/date_helpers.py", ""),
    ("names", "tests/base/test_it.py", ""),
    ("names", API, "class TokenManager: ..."),
    ("names", API, "class BaseUser: ..."),
    ("allowed", API, "@operation('GET /user', wire=LEGACY)\nasync def get_user(call): ..."),
    ("allowed", API, "@table.operation('GET /user')\ndef get_user(call): ..."),
    ("vocabulary", MODEL, "A = frozenset({'a.read', 'b.read', 'd.read', 'c.read'})"),
    ("vocabulary", "src/tenantry/core/permissions.py", "A = {'d', 'a', 'b', 'c'} | B"),
)

SOUND = (
    ("imports", "src/tenantry/core/clock.py", "import time\nfrom tenantry.core import ids"),
    ("imports", "src/tenantry/http/gate.py", "from tenantry.access.decide import decide"),
    ("imports", "src/tenantry/http/openapi.py", "from tenantry import __version__"),
    ("imports", API, "from tenantry.areas.users import model\nfrom tenantry.http import wire"),
    ("imports", API, "from tenantry.areas.customers.model import find"),
    ("imports", "src/tenantry/console/pages.py", "from tenantry.areas.users import model"),
    ("imports", "src/tenantry/app.py", "from tenantry.areas.tokens.api import Token"),
    ("imports", "src/tenantry/cli.py", "from tenantry import serving"),
    ("imports", "src/tenantry/__main__.py", "from tenantry.cli import main"),
    ("imports", "tests/test_it.py", "from tenantry.cli import main"),
    ("sql", MODEL, "from sqlalchemy import select\nfrom tenantry.core import schema"),
    ("sql", "src/tenantry/access/state.py", "from sqlalchemy import select"),
    ("sql", "src/tenantry/core/sqlite.py", "import apsw"),
    ("servers", "src/tenantry/serving.py", "from granian import Granian"),
    ("servers", "src/tenantry/console/pages.py", "from starlette.requests import cookie_parser"),
    ("sizes", API, "\n" * LONGEST_FILE),
    ("sizes", API, "def f():\n" + "    f()\n" * (LONGEST_FUNCTION - 1)),
    (
        "sizes",
        API,
        "def f(  # noqa: PLR0913 - a row has that many columns\n    a, b, c, d, e, f\n): ...",
    ),
    ("sizes", API, "class A:\n    def f(self, a, b, c, d, e): ..."),
    ("sizes", "src/tenantry/migrations/versions/0001_all.py", "\n" * (LONGEST_FILE + 1)),
    ("suppressions", API, "x = 1  # noqa: S105, E501 - made up"),
    ("suppressions", API, "x = 1  # type: ignore[misc] # the library has none"),
    ("suppressions", API, "x = '# noqa'  # text, not a comment"),
    ("names", API, "class Database: ...\nbase_url = ''"),
    ("allowed", API, "@operation('GET /user', allow=PUBLIC)\nasync def get_user(call): ..."),
    ("vocabulary", MODEL, "A = ('d', 'a', 'b', 'c')\nB = {'z', 'a'}\nC = {4, 3, 2, 1}"),
)


@pytest.fixture(scope="module")
def broken() -> dict[str, list[str]]:
    """What breaks each rule in this repository."""
    return check(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps(broken: dict[str, list[str]], rule: str) -> None:
    assert not broken[rule], "\n".join(["", *broken[rule]])


def _findings(root: Path, rule: str, path: str, text: str) -> list[str]:
    """What a rule finds in a house of one file."""
    file = root / path
    file.parent.mkdir(parents=True)
    file.write_text(text, "utf-8")
    return check(root)[rule]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_rule_finds_what_breaks_it(tmp_path: Path, rule: str, path: str, text: str) -> None:
    (found,) = _findings(tmp_path, rule, path, text)
    assert found.startswith(f"{path}:")


@pytest.mark.parametrize(("rule", "path", "text"), SOUND)
def test_a_rule_finds_nothing_else(tmp_path: Path, rule: str, path: str, text: str) -> None:
    assert _findings(tmp_path, rule, path, text) == []


def test_every_rule_is_broken_once() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES) == {rule for rule, _, _ in SOUND}
