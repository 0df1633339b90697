"""What is asked of every page, whatever stands on it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tests.console.window import DESKTOP, HEIGHT, MOBILE, Window, picture

SMALLEST = 320
"""Pixels: a window of 1280 at 400 % (WCAG 1.4.10)."""

_AXE = Path(__file__).parents[1] / "infrastructure" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
_AUDIT = """
async (rules) => {
    const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
    return found.violations.flatMap(({id, nodes}) =>
        nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}
"""
_STOPS = """
() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
    .filter((one) => one.checkVisibility() && !one.disabled
        && !(one.type === 'radio' && one.name && !one.checked
            && document.querySelector(`input[type=radio][name="${one.name}"]`) !== one))
    .map((one, index) => {
        one.dataset.stop = `${index} ${one.innerText || one.name}`;
        return one.dataset.stop;
    })
"""
_FOCUSED = """
() => {
    const one = document.activeElement;
    const look = getComputedStyle(one), box = one.getBoundingClientRect();
    const above = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return {
        stop: one.dataset.stop ?? null, html: one.outerHTML.slice(0, 120),
        ring: look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2,
        seen: above === null || one.contains(above) || above.contains(one),
    };
}
"""
_FIELDS = """
() => [...document.querySelectorAll('input')].map((one) => ({
    name: one.name, type: one.type, autocomplete: one.getAttribute('autocomplete') ?? ''}))
"""
_INLINE = """
() => [...document.querySelectorAll('*')].filter((one) => one.hasAttribute('style')
    || [...one.attributes].some((attribute) => attribute.name.startsWith('on'))
    || one.localName === 'script' && one.src).map((one) => one.outerHTML.slice(0, 120))
"""
_MOVING = """
() => [...document.querySelectorAll('*')].filter((one) => {
    const look = getComputedStyle(one);
    return look.animationName !== 'none'
        || look.transitionDuration.split(', ').some((time) => parseFloat(time) > 0);
}).map((one) => one.outerHTML.slice(0, 120))
"""
_OVERFLOW = """
() => {
    const room = document.documentElement.clientWidth;
    return document.documentElement.scrollWidth <= room ? [] :
        [...document.querySelectorAll('body *')]
            .filter((one) => one.getBoundingClientRect().right > room + 1)
            .slice(-3).map((one) => one.outerHTML.slice(0, 120));
}
"""
_TO_THE_TOP = """
() => {
    document.activeElement.blur();
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
}
"""
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_WORDS_OF_MANAGERS = {
    "password": {"current-password", "new-password"},
    "email": {"username", "username webauthn", "email"},
    "tel": {"tel", "one-time-code"},
}


def survey(window: Window, name: str) -> None:
    """Fail if the page is not for everybody: eyes, fingers, machines, screens of any size."""
    found = [
        # First, because axe-core leaves attributes behind.
        *(f"inline: {one}" for one in window.page.evaluate(_INLINE)),
        *_every_look(window, name),
        *_cut_off(window),
        *_moving(window),
        *_keyboard(window),
        *_unnamed(window),
    ]
    assert not found, "\n".join(found)


def audit(window: Window) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA and its own advice."""
    # By the debugger's door: the page's own policy would let no script in.
    window.page.evaluate(_axe())
    found: list[str] = window.page.evaluate(_AUDIT, _RULES)
    return found


@cache
def _axe() -> str:
    return _AXE.read_text("utf-8")


def _every_look(window: Window, name: str) -> Iterator[str]:
    for width, screen in ((DESKTOP, "desktop"), (MOBILE, "mobile")):
        window.page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in _SCHEMES:
            window.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            picture(window, f"{name}-{screen}-{scheme}")
            yield from (f"{screen}, {scheme}: {one}" for one in audit(window))


def _cut_off(window: Window) -> Iterator[str]:
    """What small screens, 200 % zoom, and letters of double size push out on the right."""
    for width in (SMALLEST, MOBILE, DESKTOP // 2):
        window.page.set_viewport_size({"width": width, "height": HEIGHT})
        yield from (f"cut off at {width}: {one}" for one in window.page.evaluate(_OVERFLOW))
    window.page.set_viewport_size({"width": DESKTOP, "height": HEIGHT})
    window.page.evaluate("document.documentElement.style.fontSize = '200%'")
    yield from (f"cut off in large letters: {one}" for one in window.page.evaluate(_OVERFLOW))
    window.page.evaluate("document.documentElement.removeAttribute('style')")


def _moving(window: Window) -> Iterator[str]:
    window.page.emulate_media(reduced_motion="reduce")
    yield from (f"moves: {one}" for one in window.page.evaluate(_MOVING))


def _keyboard(window: Window) -> Iterator[str]:
    """Where Tab does not stop once, in the order of the page, or does not show where it is."""
    stops: list[str] = window.page.evaluate(_STOPS)
    window.page.evaluate(_TO_THE_TOP)
    reached = []
    for _ in stops:
        window.page.keyboard.press("Tab")
        focused: dict[str, Any] = window.page.evaluate(_FOCUSED)
        if not focused["ring"]:
            yield f"nobody sees that this has the focus: {focused['html']}"
        if not focused["seen"]:
            yield f"something lies over this: {focused['html']}"
        reached.append(focused["stop"])
    if reached != stops:
        yield f"Tab goes to {reached}, not to {stops}"


def _unnamed(window: Window) -> Iterator[str]:
    """Fields whose purpose password managers are not told."""
    for one in window.page.evaluate(_FIELDS):
        words = _WORDS_OF_MANAGERS.get(one["type"])
        if words is not None and one["autocomplete"] not in words:
            yield f"of what use is {one}?"
        if one["type"] == "text" and "code" in one["name"] and one["autocomplete"] == "":
            yield f"which code is {one}?"
