"""Pages for people's browsers: one frame, one style sheet, light and dark.

A page runs no script and loads nothing: the style sheet stands in it and is named by its hash in
the page's Content-Security-Policy. An area's own templates extend `page.html.j2`.
"""

import base64
import hashlib
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tenantry.http.message import Response
from tenantry.http.wire import HTML

_CSS = files("tenantry.http").joinpath("templates/page.css").read_text("utf-8")
_CSS_HASH = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
_HEADERS = (
    (
        "content-security-policy",
        (
            f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
)


class Pages:
    """The pages of one package, from its folder `templates`."""

    def __init__(self, package: str) -> None:
        """Find them."""
        self._templates = Environment(
            loader=ChoiceLoader([PackageLoader(package), PackageLoader("tenantry.http")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._templates.globals["css"] = Markup(_CSS)  # noqa: S704 - it is a file of ours

    def page(self, template: str, status: int = 200, **facts: object) -> Response:
        """One page. Raises jinja2.UndefinedError if it uses a fact that is not given."""
        html = self._templates.get_template(f"{template}.html.j2").render(facts)
        return Response(status, html.encode(), HTML, _HEADERS)
