"""Questions about a small customer's rows, put to the evaluator itself."""

from tenantry.access.explain import explain
from tenantry.access.history import State
from tenantry.access.verdict import FORMS, Question, Subject, Verdict
from tenantry.core.permissions import SERVICE_PERMISSIONS
from tests.access.rows import SERVICES, USERS

SUBJECTS = (
    *(Subject("user", one) for one in USERS),
    *(Subject("token", f"t-{one}") for one in USERS),
    Subject("token", "t-bot"),
)
QUESTIONS = [
    (subject, permission, on)
    for subject in SUBJECTS
    for permission in sorted(FORMS)
    for on in ((None, *SERVICES) if permission in SERVICE_PERMISSIONS else (None,))
]
"""Everything that can be asked of them: who, what, and on which service."""


def ask(now: State, who: Subject | str, permission: str, on: str | None = None) -> Verdict:
    subject = Subject("user", who) if isinstance(who, str) else who
    return explain(now, Question(subject, permission, on))


def proposed(verdict: Verdict) -> list[list[str]]:
    """What each remedy does."""
    return [[step.summary for step in remedy.steps] for remedy in verdict.remedies]
