"""What is looked for on every page is found where it is."""

import pytest

from tests.console.surveying import survey
from tests.console.window import Site

pytestmark = pytest.mark.browser

GOOD = (
    '<!doctype html><html lang="en"><title>Good</title><meta name="viewport" '
    'content="width=device-width"><main><h1>Good</h1>{}</main>'
)
RING = "<style>:focus-visible { outline: 3px solid }</style>"
FAULTS = {
    "label": '<input type="text" name="name" autocomplete="name">',
    "color-contrast": "<style>p { color: #aaa; background: #fff }</style><p>pale</p>",
    "target-size": '<a href="/a">a</a><a href="/b">b</a><style>a { font-size: 8px }</style>',
    "inline": '<p style="margin: 0">styled where it stands</p>',
    "cut off at 320": "<style>p { width: 500px }</style><p>wide</p>",
    "cut off in large letters": "<style>p { width: 50rem }</style><p>wide</p>",
    "moves": "<style>p { transition: color 1s }</style><p>restless</p>",
    "nobody sees": '<style>a:focus { outline: 0 }</style><a href="/a">where?</a>',
    "Tab goes to": '<p><a href="/a">two</a></p><p><a href="/b" tabindex="-1">never</a></p>',
    "of what use": '<label>Password <input type="password" name="password"></label>',
}


def test_nothing_is_wrong_with_a_good_page(showroom: Site) -> None:
    window = showroom.window()
    window.page.set_content(RING + GOOD.format('<p><a href="/a">somewhere</a></p>'))
    survey(window, "good")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(showroom: Site, fault: str) -> None:
    window = showroom.window()
    window.page.set_content(GOOD.format(FAULTS[fault]))
    with pytest.raises(AssertionError, match=fault):
        survey(window, "bad")


def test_errors_and_requests_to_others_are_noted(showroom: Site) -> None:
    window = showroom.window()
    window.page.route("https://example.com/**", lambda route: route.abort())
    window.page.set_content('<img src="https://example.com/pixel"><script>absent()</script>')
    told = " ".join(window.complaints)
    assert "asked https://example.com/pixel" in told
    assert "absent is not defined" in told
    window.complaints.clear()
