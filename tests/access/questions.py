"""Questions about a small customer's rows, put to the evaluator itself."""

from tenantry.access.explain import explain
from tenantry.access.history import State
from tenantry.access.verdict import Question, Subject, Verdict
from tests.access.rows import USERS

SUBJECTS = (
    *(Subject("user", one) for one in USERS),
    *(Subject("token", f"t-{one}") for one in USERS),
    Subject("token", "t-bot"),
)


def ask(now: State, who: Subject | str, permission: str, on: str | None = None) -> Verdict:
    subject = Subject("user", who) if isinstance(who, str) else who
    return explain(now, Question(subject, permission, on))


def proposed(verdict: Verdict) -> list[list[str]]:
    """What each remedy does."""
    return [[step.summary for step in remedy.steps] for remedy in verdict.remedies]
