"""The browser of the command line's user: signs in, agrees, and brings the answer back.

It stands where the command line looks for a browser (`xdg-open`), and is told by its environment
who sits before it.
"""

import os
import re
import sys
from html import unescape
from urllib.parse import urljoin

import httpx

_FORM = re.compile(r'name="form_token" value="([^"]+)"')
_NEXT = re.compile(r'name="next" value="([^"]*)"')
_PLACE = re.compile(r'class="actions" action="([^"]+)"')
_ONWARD = re.compile(r'http-equiv="refresh" content="0; url=([^"]+)"')


def main() -> None:
    """Do what a person does who has just started the command line."""
    url, login, password = sys.argv[1], os.environ["TEST_LOGIN"], os.environ["TEST_PASSWORD"]
    decision = os.environ.get("TEST_DECISION", "allow")
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=20) as browser:
        page = browser.get(url)
        form = {"login": login, "password": password, "next": _found(_NEXT, page)}
        page = _send(browser, page, "/_tenantry/console/sign-in", form)
        page = browser.get(urljoin(str(page.url), _found(_ONWARD, page)))
        _send(browser, page, _found(_PLACE, page), {"decision": decision})


def _send(
    browser: httpx.Client, page: httpx.Response, to: str, form: dict[str, str]
) -> httpx.Response:
    place = urljoin(str(page.url), to)
    return browser.post(place, data={"form_token": _found(_FORM, page), **form})


def _found(pattern: re.Pattern[str], page: httpx.Response) -> str:
    found = pattern.search(page.text)
    if found is None:
        sys.exit(f"{page.url}: {page.status_code} {page.text}")
    return unescape(found[1])


if __name__ == "__main__":
    main()
