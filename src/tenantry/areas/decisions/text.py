"""An explanation as a person reads it on a terminal."""

from collections.abc import Iterator

from tenantry.areas.decisions.shapes import Explanation, Somebody


def lines(told: Explanation) -> Iterator[str]:
    """The answer first, then everything that led to it."""
    verdict = "Allowed" if told.allowed else f"Refused ({told.status})"
    on = "" if told.service is None else f" on service {told.service.name} ({told.service.id})"
    yield f"{verdict}: {_who(told.subject)}, {told.permission}{on}"
    yield f"As of event {told.as_of.sequence}, {told.as_of.at}"
    yield from _section("Because", (one.summary for one in told.obstacles))
    yield from _section("Held by", (one.summary for one in told.ways))
    if not told.allowed:
        yield from _section("Held as", told.held)
    yield from _section("What would help, the narrowest first", _remedies(told))
    policies = (f"{f'{one.name} {one.value}'.strip()}: {one.summary}" for one in told.policies)
    yield from _section("What may refuse all the same", policies)


def _section(title: str, items: Iterator[str] | list[str]) -> Iterator[str]:
    found = [f"  {one}" for one in items]
    if found:
        yield f"{title}:"
        yield from found


def _remedies(told: Explanation) -> Iterator[str]:
    for number, remedy in enumerate(told.remedies, 1):
        yield f"{number}. {' '.join(step.summary for step in remedy.steps)}"


def _who(subject: Somebody) -> str:
    kind = {"user": "user", "token": "token", "automation": "automation token"}[subject.kind]
    name = subject.login if subject.kind == "user" else subject.name
    of = f" of {subject.login}" if subject.kind == "token" else ""
    return f"{kind} {name} ({subject.id}){of}".replace("  ", " ")
