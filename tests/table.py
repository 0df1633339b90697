"""The operation table as tests see it: every row, and what to put into its path."""

import httpx
import pytest

from tenantry.access.decision_id import Refusal, sealed
from tenantry.app import operations
from tenantry.core.secrets import parse_key
from tenantry.http.operation import Operation
from tenantry.http.wire import CONSOLE
from tests.world import BEN, BOT, ELSEWHERE, NED, NOW, OTHER, WIDGETS, WWW, Person, settings

TABLE = {f"{row.method} {row.path}": row for row in operations()}
PAGES = {name: row for name, row in TABLE.items() if row.path.startswith(CONSOLE)}
"""For browsers: tests/console has what holds for all of them."""
CALLED = {name: row for name, row in TABLE.items() if name not in PAGES}
GUARDED = {n: row for n, row in CALLED.items() if row.allow.who not in {"public", "operator"}}
WRITES = {name: row for name, row in CALLED.items() if row.writes}
WITH_BODY = {name: row for name, row in CALLED.items() if row.takes is not None}


def decision_id(customer_id: str, who: Person) -> str:
    """What somebody would have been told when he was refused to create a user."""
    refusal = Refusal("create_user", who.token_id, "user.create", None, "Refused", 1, NOW)
    return sealed(parse_key(settings("").secret_key), customer_id, refusal)


OWN = {
    "decision_id": decision_id(WIDGETS, BEN),
    "customer_id": WIDGETS,
    "address_type": "billing",
    "user_id": BEN.id,
    "user_login": BEN.login,
    "service_id": WWW,
    "version_id": "1",
    "environment_name": "staging",
    "token_id": BEN.token_id,
    "star_id": "7StarOfAda000000000000",
    "service_authorization_id": "9AuthorizationOfLim000",
    "contact_id": "8ContactOfAda000000000",
    "invitation_id": "9InvitationOfAda000000",
    "role_id": "9RoleOfAda000000000000",
    "service_group_id": "9ServiceGroupOfAda0000",
    "user_group_id": "9UserGroupOfAda0000000",
    "event_id": "00000001OfAda000000000",
    "code": "no-such-code",
    "invoice_id": "1000001",
    "line_number": "1",
    "source": "edge",
    "usage_event_id": "event-of-ada",
    "spend_alert_id": "9SpendAlertOfAda000000",
    "identity_provider_id": "9IdentityProviderOfAda",
    "factor_id": "9FactorOfAda0000000000",
    "domain": "widgets.example.com",
    "year": "2026",
    "month": "01",
}
"""What the parts of a path are, in Ada's customer."""
FOREIGN = {
    **OWN,
    "customer_id": OTHER,
    "address_type": "tax",
    "user_id": NED.id,
    "user_login": NED.login,
    "service_id": ELSEWHERE,
    "token_id": NED.token_id,
    "star_id": "7StarOfEve000000000000",
    "service_authorization_id": "9AuthorizationOfNed000",
    "contact_id": "8ContactOfEve000000000",
    "invitation_id": "9InvitationOfEve000000",
    "role_id": "9RoleOfEve000000000000",
    "service_group_id": "9ServiceGroupOfEve0000",
    "user_group_id": "9UserGroupOfEve0000000",
    "event_id": "00000001OfEve000000000",
    "decision_id": decision_id(OTHER, NED),
    "invoice_id": "3000002",
    "usage_event_id": "event-of-eve",
    "spend_alert_id": "9SpendAlertOfEve000000",
    "identity_provider_id": "9IdentityProviderOfEve",
    "domain": "other.example.com",
}
"""The same in Eve's."""
AUTOMATION = {"token_id": BOT.token_id}

UNAUTHENTICATED = "Provided credentials are missing or invalid"


def path_of(row: Operation, parts: dict[str, str], **more: str) -> str:
    """A path with its parts filled in; automation tokens' paths name one."""
    known = {**parts, **more}
    if row.path.startswith("/automation-tokens") and parts is OWN:
        known |= AUTOMATION
    return row.path.format(**known)


def every(rows: dict[str, Operation]) -> pytest.MarkDecorator:
    """Run a test once for each of these operations."""
    return pytest.mark.parametrize("row", list(rows.values()), ids=list(rows))


def gateway_refusal(row: Operation, status: int, title: str) -> dict[str, str]:
    """What the gateway says in an operation's dialect."""
    if row.wire.name != "billing":
        return {"msg": title}
    code = {401: "unauthorized", 403: "forbidden", 415: "unsupported_media_type"}.get(status)
    four = {"type": "about:blank", "title": title, "status": str(status)}
    return {**four, "code": code or "rate_limited", "msg": title}


def is_legacy(answer: httpx.Response) -> bool:
    """Whether a refusal has the gateway's shape, exactly typed."""
    return answer.headers["content-type"] == "application/json" and "msg" in answer.json()
