"""Forms of pages: only who was given one by this server, in this browser, may send it back.

A form holds a hidden field that is bound to the session, or to a cookie of the browser before
anybody is signed in (OWASP: signed double submit). Beside that the browser says where a form came
from. Every form that a page takes is checked at the door, before anything is done.
"""

import hmac
import secrets

from tenantry.core.context import Principal
from tenantry.core.errors import Problem, too_large
from tenantry.core.secrets import Keyring
from tenantry.http.body import MAX_FIELDS, content_kind
from tenantry.http.cookies import FORM, check_secrecy, origin_of, read_cookie
from tenantry.http.message import Request, pairs_of

FIELD = "form_token"
_OWN_SITE = frozenset({"none", "same-origin"})


def anchor_of(request: Request, principal: Principal) -> str:
    """What a form is bound to; nothing if there is nothing yet."""
    if principal.kind == "session":
        return f"session {principal.token_id}"
    cookie = read_cookie(request, FORM)
    return f"browser {cookie}" if cookie else ""


def new_anchor() -> str:
    """A cookie to bind forms to."""
    return secrets.token_urlsafe(24)


def form_token(keyring: Keyring, anchor: str) -> str:
    """A hidden field's value; another one each time, so that compression tells nothing of it."""
    nonce = secrets.token_hex(8)
    return f"{nonce}.{_digest(keyring, nonce, anchor)}"


def check_form(request: Request, principal: Principal, keyring: Keyring) -> None:
    """Refuse a form that this server did not give to this browser.

    Raises Problem 400, 403, 413, 415.
    """
    if request.is_too_large:
        raise too_large()
    check_secrecy(request)
    _check_origin(request)
    nonce, _, digest = _sent(request).partition(".")
    anchor = anchor_of(request, principal)
    if not anchor or not hmac.compare_digest(
        digest.encode(), _digest(keyring, nonce, anchor).encode()
    ):
        raise Problem(
            403,
            "This form is out of date",
            "You were signed in or out since it was opened, or your browser takes no cookies. "
            "Nothing was changed. Open the page again and send it once more.",
        )


def _check_origin(request: Request) -> None:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        is_ours = site in _OWN_SITE
    else:
        # Pages that tell nobody their address send "null": the hidden field must do.
        is_ours = origin in {None, "null", origin_of(request)}
    if not is_ours:
        raise Problem(
            403,
            "This form was sent from another site",
            "Nothing was changed. If you did not mean to send it, you need do nothing.",
        )


def _sent(request: Request) -> str:
    if content_kind(request, takes_forms=True) != "form":
        raise Problem(415, "Unsupported media type", "This page takes forms only")
    try:
        pairs = pairs_of(request.body, MAX_FIELDS)
    except ValueError as problem:
        detail = "The form is not valid UTF-8 or has too many fields"
        raise Problem(400, "Bad request", detail) from problem
    return dict(pairs).get(FIELD, "")


def _digest(keyring: Keyring, nonce: str, anchor: str) -> str:
    return keyring.digest(f"form\0{nonce}\0{anchor}").hex()
