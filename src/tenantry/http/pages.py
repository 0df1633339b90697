"""Pages for people's browsers: one frame, one style sheet, light and dark.

A page loads nothing but its icon: the style sheet stands in it, and so does the script of the few
that have one, each named by its hash in the page's Content-Security-Policy. The templates of a
package extend `page.html.j2`.
"""

import base64
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from importlib.resources import files
from string import punctuation
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tenantry.core.errors import Problem, sudo_missing
from tenantry.http import wire
from tenantry.http.cookies import SESSION, drop_cookie, read_cookie
from tenantry.http.message import Header, Request, Response

if TYPE_CHECKING:
    from tenantry.http.exchange import Exchange

SIGN_IN = "/_tenantry/console/sign-in"
"""Where people sign in; `next` in its query is where they wanted to go."""

ICON = "/_tenantry/icon.svg"
"""What a browser shows beside a page's title; the only thing that a page loads."""

_PACKAGE = "tenantry.http"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(package: str, name: str) -> str:
    return files(package).joinpath("templates", name).read_text("utf-8")


_CSS = _read(_PACKAGE, "page.css")
_ALWAYS: tuple[Header, ...] = (
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("x-robots-tag", "noindex"),
)
_DEVICES = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone")
_OTHERS = ("midi", "payment", "usb")
_FOR_PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")


@lru_cache(maxsize=64)
def page_headers(script: str | None = None, targets: tuple[str, ...] = ()) -> tuple[Header, ...]:
    """What every page bears; `targets` are other origins that its forms may lead to."""
    allowed = f"script-src '{_hash(script)}'; " if script else ""
    places = " ".join(("'self'", *targets))
    content = (
        f"default-src 'none'; {allowed}style-src '{_hash(_CSS)}'; img-src 'self'; "
        f"form-action {places}; base-uri 'none'; frame-ancestors 'none'"
    )
    refused = (*_DEVICES, *_OTHERS, *(() if script else _FOR_PASSKEYS))
    may = ", ".join(f"{name}=()" for name in refused)
    return (("content-security-policy", content), ("permissions-policy", may), *_ALWAYS)


def icon() -> bytes:
    """The icon, as SVG."""
    return _read(_PACKAGE, "icon.svg").encode()


class Pages:
    """The pages of one package, from its folder `templates`."""

    def __init__(self, package: str) -> None:
        """Find them."""
        self._package = package
        self._templates = Environment(
            loader=ChoiceLoader([PackageLoader(package), PackageLoader(_PACKAGE)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["css"] = Markup(_CSS)  # noqa: S704 - it is a file of ours
        self._templates.globals["icon"] = ICON
        self._templates.globals["script"] = None

    def page(
        self,
        template: str,
        status: int = 200,
        *,
        script: str | None = None,
        targets: Iterable[str] = (),
        **facts: object,
    ) -> Response:
        """One page; `script` names its file of JavaScript, and `targets` where forms may lead.

        Raises jinja2.UndefinedError if it uses a fact that is not given.
        """
        code = None
        if script is not None:
            code = _read(self._package, f"{script}.js")
            facts["script"] = Markup(code)  # noqa: S704 - it is a file of ours
        html = self._templates.get_template(f"{template}.html.j2").render(facts)
        return Response(status, html.encode(), wire.HTML, page_headers(code, tuple(targets)))


_page = Pages(_PACKAGE).page


def refused(exchange: "Exchange", problem: Problem) -> Response:
    """A refusal in the operation's own dialect, or that of an address that serves nothing."""
    operation = exchange.operation
    dialect = wire.at(exchange.request.path) if operation is None else operation.wire
    if dialect.name != "page":
        return dialect.problem(problem)
    needs_sudo = problem.title == sudo_missing().title
    if problem.status == HTTPStatus.UNAUTHORIZED or needs_sudo:
        return _turned_away(exchange.request, needs_sudo=needs_sudo)
    told = _page("refused", problem.status, title=problem.title, detail=problem.detail)
    told.headers += problem.headers
    return told


def _turned_away(request: Request, *, needs_sudo: bool) -> Response:
    """Lead somebody to where he signs in, or proves anew that it is he, and back from there."""
    is_form = request.method == "POST"
    query = f"?{request.query_string}" if request.query_string and not is_form else ""
    place = f"{SIGN_IN}?next={quote(request.path + query, safe='')}"
    if needs_sudo:
        return see_other(f"{place}&why=confirm")
    if read_cookie(request, SESSION):
        return see_other(f"{place}&why=ended", (drop_cookie(request, SESSION),))
    return see_other(place)


def see_other(place: str, headers: tuple[Header, ...] = ()) -> Response:
    """Send a browser on to another page, which it gets rather than posts to."""
    # Headers are ASCII; what stands in it already, `%` too, stays as it is.
    location = quote(place, safe=punctuation)
    return Response(303, headers=(("location", location), *page_headers(), *headers))
