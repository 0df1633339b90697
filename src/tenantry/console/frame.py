"""The frame of the console's pages.

    @operation("GET /_tenantry/console/profile", allow=PERSON, wire=PAGE)
    async def get_profile_page(call: Reading, visit: Visit) -> Response:
        return page(call, visit, "profile", user=…)

A template extends `console.html.j2` where somebody is signed in and `page.html.j2` otherwise, and
puts `{{ form }}` into each form. `allow=PERSON` lets in whoever is signed in, others go to sign in
and come back; `allow=permission("user.read", person=True)` asks for a permission besides, and
`sudo=True` for having signed in or proved oneself within the last ten minutes.
"""

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from tenantry.core.context import Reading
from tenantry.http.cookies import FORM
from tenantry.http.forms import FIELD, form_token, new_anchor
from tenantry.http.message import Header, Response
from tenantry.http.pages import SIGN_IN, Pages, see_other
from tenantry.http.visit import Visit

HOME = "/_tenantry/console/profile"
COMPANY = "/_tenantry/console/company"
LONGEST_PATH = 2000

NAVIGATION = (
    ("/_tenantry/console/profile", "Profile"),
    ("/_tenantry/console/tokens", "API tokens"),
    ("/_tenantry/console/factors", "Second factors"),
    ("/_tenantry/console/sessions", "Sessions"),
)
"""The rooms of the console, as they stand in its bar."""
FOR_SUPERUSERS = ((COMPANY, "Company"),)
"""Those that only superusers have a use for."""

_render = Pages("tenantry.console").page


def page(  # noqa: PLR0913 - a page has that many sides
    call: Reading,
    visit: Visit,
    template: str,
    status: int = 200,
    *,
    script: str | None = None,
    targets: Iterable[str] = (),
    **facts: object,
) -> Response:
    """A page from `console/templates`, with what every page needs.

    `script` names a file of JavaScript there; `targets` are other origins where forms may lead.
    """
    anchor = visit.anchor(call.principal)
    headers: tuple[Header, ...] = ()
    if not anchor:
        cookie = new_anchor()
        headers = (visit.keep(FORM, cookie),)
        anchor = f"browser {cookie}"
    token = form_token(call.keyring, anchor)
    is_superuser = "superuser" in call.principal.grants.roles
    field = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)
    response = _render(
        template,
        status,
        script=script,
        targets=targets,
        form=field,
        here=visit.path,
        me=call.principal,
        navigation=NAVIGATION + FOR_SUPERUSERS if is_superuser else NAVIGATION,
        **facts,
    )
    response.headers += headers
    return response


def checked_path(text: str | None) -> str:
    """An address of this server to go on to, or nothing: no link may lead elsewhere."""
    path = text or ""
    if not path.startswith("/") or len(path) > LONGEST_PATH or not path.isprintable():
        return ""
    # Browsers read a backslash as a slash: "/\\evil.example" would be another host.
    if "\\" in path or path.startswith("//"):
        return ""
    try:
        parts = urlsplit(path)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else path


def sign_in_path(next_path: str = "") -> str:
    """Where to sign in, and to come back from."""
    return f"{SIGN_IN}?next={quote(next_path, safe='')}" if next_path else SIGN_IN


def onward(call: Reading, visit: Visit, path: str, headers: tuple[Header, ...] = ()) -> Response:
    """Send a browser on after a form, to a page of the console or by way of one elsewhere.

    A policy of forms (`form-action`) covers where they are redirected to in some browsers, so that
    what may leave this server is a page that goes on by itself, and holds a link.
    """
    place = path or HOME
    if place.startswith("/_tenantry/console/"):
        return see_other(place, headers)
    response = page(call, visit, "onward", place=place)
    response.headers += headers
    return response
