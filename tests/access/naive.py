"""A second evaluator, deliberately naive: contract: access §9.6 written down step by step.

It shares nothing with the product but the names of permissions: it walks over plain rows with
loops, its matrix is a copy of the contract's by hand, and nothing is worked out ahead. Where the
product and this disagree, one of them misread the contract.
"""

from dataclasses import dataclass, field

SCOPED_READS = ("read", "read_all", "security", "stats")

# §9.2, the columns user, billing, engineer, superuser, tls_viewer, tls_admin.
MATRIX = {
    "customer.read": "r R r Y r r",
    "customer.update": "- - - Y - -",
    "customer.security": "- - - Y - -",
    "user.read": "r r r Y r r",
    "user.create": "- - - Y - -",
    "user.update": "- - - Y - -",
    "user.delete": "- - - Y - -",
    "user.reset_password": "- - - Y - -",
    "token.read_all": "- - - Y - -",
    "token.revoke_all": "- - - Y - -",
    "automation_token.read": "- - - Y - -",
    "automation_token.manage": "- - - Y - -",
    "invitation.read": "- - own* Y - -",
    "invitation.create": "- - own* Y - -",
    "invitation.delete": "- - own* Y - -",
    "service_authorization.read": "own own own Y own own",
    "service_authorization.manage": "- - - Y - -",
    "role.read": "Y Y Y Y Y Y",
    "role.manage": "- - - Y - -",
    "user_group.read": "own own own Y own own",
    "user_group.manage": "- - - Y - -",
    "service_group.read": "- - - Y - -",
    "service_group.manage": "- - - Y - -",
    "event.read": "own own own+ Y own own",
    "contact.read": "Y Y Y Y Y Y",
    "contact.manage": "- Y - Y - -",
    "billing_address.read": "- Y - Y - -",
    "billing_address.manage": "- Y - Y - -",
    "invoice.read": "- Y - Y - -",
    "usage.read": "- Y - Y - -",
    "service.create": "- - Y Y - -",
    "service.read": "L L L Y - -",
    "service.stats": "L L L Y - -",
    "service.configure": "- - L Y - -",
    "service.delete": "- - L Y - -",
    "service.purge_select": "- - L Y - -",
    "service.purge_all": "- - L Y - -",
    "tls.read": "- - - Y Y Y",
    "tls.manage": "- - - Y - Y",
}
COLUMNS = ("user", "billing", "engineer", "superuser", "tls_viewer", "tls_admin")
ON_SERVICES = [one for one in MATRIX if one.startswith("service.") and one != "service.create"]
LADDER = {
    "read_only": {"service.read", "service.stats"},
    "purge_select": {"service.read", "service.stats", "service.purge_select"},
    "purge_all": {"service.read", "service.stats", "service.purge_select", "service.purge_all"},
    "full": set(ON_SERVICES),
}


@dataclass
class User:
    """A row of users."""

    roles: list[str]
    limit_services: bool = False
    is_gone: bool = False
    """Deleted, or locked by a superuser."""


@dataclass
class Token:
    """A row of tokens; a program's has no user."""

    user: str | None
    scopes: list[str] = field(default_factory=lambda: ["global"])
    roles: list[str] = field(default_factory=list)
    is_limited: bool = False
    services: list[str] = field(default_factory=list)


@dataclass
class Rows:
    """One customer, as rows."""

    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    """The customer's own: the permissions of each."""
    authorizations: list[tuple[str, str, str]] = field(default_factory=list)
    """User, service, permission."""
    members: list[tuple[str, str]] = field(default_factory=list)
    """User group, user; and likewise below."""
    group_roles: list[tuple[str, str]] = field(default_factory=list)
    group_service_groups: list[tuple[str, str]] = field(default_factory=list)
    service_group_services: list[tuple[str, str]] = field(default_factory=list)


def is_allowed(rows: Rows, token_id: str, permission: str, service: str | None = None) -> bool:
    """Whether the token may, on a service where it is a service's permission."""
    token = rows.tokens.get(token_id)
    if token is None:
        return False  # step 1
    user = None
    if token.user is not None:
        user = rows.users.get(token.user)
        if user is None or user.is_gone:
            return False  # step 1
    if not _scope_covers(token, permission):
        return False  # steps 4 and 8
    if permission not in ON_SERVICES:
        return _account(rows, token, user, permission)  # step 9
    assert service is not None
    # Step 10 is taken before the scope's part of step 8: §9.4 lets a token purge that can't read.
    if not _on_service(rows, token, user, "service.read", service):
        return False
    return _on_service(rows, token, user, permission, service)  # step 11


def _scope_covers(token: Token, permission: str) -> bool:
    verb = permission.partition(".")[2]
    for scope in token.scopes:
        if scope == "global":
            return True
        if scope == "global:read" and verb in SCOPED_READS:
            return True
        if permission in ON_SERVICES and scope == verb:
            return True
    return False


def _account(rows: Rows, token: Token, user: User | None, permission: str) -> bool:
    for role in _direct_roles(token, user):
        if _role_has(rows, role, permission):
            return True
    if user is not None:
        for group, member in rows.members:
            for other, role in rows.group_roles:
                if member == token.user and other == group and _role_has(rows, role, permission):
                    return True
    return False


def _on_service(rows: Rows, token: Token, user: User | None, permission: str, service: str) -> bool:
    if token.is_limited and service not in token.services:
        return False  # step 8
    roles = _direct_roles(token, user)
    if any(_role_has(rows, role, permission) for role in roles):
        if user is None or "superuser" in roles or not user.limit_services:
            return True  # step 7, B
        for owner, authorized, ladder in rows.authorizations:
            if owner == token.user and authorized == service and permission in LADDER[ladder]:
                return True
    return user is not None and _through_groups(rows, token.user, permission, service)


def _through_groups(rows: Rows, user_id: str | None, permission: str, service: str) -> bool:
    for group, member in rows.members:
        if member != user_id:
            continue
        reaches = any(
            owner == group and inner == service_group and member_service == service
            for owner, service_group in rows.group_service_groups
            for inner, member_service in rows.service_group_services
        )
        for other, role in rows.group_roles:
            if reaches and other == group and _role_has(rows, role, permission):
                return True
    return False


def _direct_roles(token: Token, user: User | None) -> list[str]:
    return token.roles if user is None else user.roles


def _role_has(rows: Rows, role: str, permission: str) -> bool:
    if role in COLUMNS:
        return MATRIX[permission].split()[COLUMNS.index(role)] in {"Y", "r", "R", "L"}
    return permission in rows.roles.get(role, ())
