"""How the console's pages put things into words."""

from collections.abc import Iterable
from datetime import UTC, datetime

from markupsafe import Markup

from tenantry.areas.users.signing_in import ONE_TIME, PASSKEY, PASSWORD, RECOVERY, SSO
from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND, Instant, shown

_METHODS = {
    PASSWORD: "password",
    ONE_TIME: "one-time code",
    PASSKEY: "passkey",
    RECOVERY: "recovery code",
    SSO: "single sign-on",
}


def moment(instant: Instant | None) -> Markup:
    """An instant to the minute, in UTC; "never" if there is none."""
    if instant is None:
        return Markup("never")
    at = datetime.fromtimestamp(instant // SECOND, UTC)
    text = f"{at.day} {at:%B} {at.year}, {at:%H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(shown(instant), text)


def ago(instant: Instant, now: Instant) -> Markup:
    """How long it is since an instant."""
    return Markup('<time datetime="{}">{}</time>').format(shown(instant), _ago(now - instant))


def _ago(passed: int) -> str:
    # Another machine's clock, or that of somebody's telephone, may be ahead.
    passed = max(passed, 0)
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count = passed // unit
        if count:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def methods(names: Iterable[str]) -> str:
    """By what somebody proved who he is."""
    return " and ".join(_METHODS[name] for name in names if name in _METHODS)
