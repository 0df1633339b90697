"""The vocabulary of access: permissions, the built-in roles and what each confers.

This table is contract: access §9.2. Cells that are more than yes or no ("own" objects, reduced
records) are part of what the permission means for that role and stand where it is used.
"""

from typing import Literal, get_args

Role = Literal["user", "billing", "engineer", "superuser", "tls_viewer", "tls_admin"]
Scope = Literal["global", "global:read", "purge_all", "purge_select"]

ROLES: tuple[str, ...] = ("superuser", "engineer", "billing", "tls_admin", "tls_viewer", "user")
"""Highest first (contract: access §9.1)."""

SCOPES: tuple[str, ...] = get_args(Scope)

ROLE_IDS = {role: "Rl0" + role.title().replace("_", "") + "BuiltIn" for role in ROLES}
ROLE_IDS = {role: name.ljust(22, "0") for role, name in ROLE_IDS.items()}
"""The built-in roles' identifiers: the same in every installation, for scripts to name."""

ROLE_OF_ID = {role_id: role for role, role_id in ROLE_IDS.items()}

_EVERYBODY = frozenset({"contact.read", "customer.read", "role.read", "user.read"})
_SEES_SERVICES = frozenset({"service.read", "service.stats"})
_BILLING = frozenset(
    {
        "billing_address.manage",
        "billing_address.read",
        "contact.manage",
        "customer.read_billing",
        "invoice.read",
        "usage.read",
    }
)

SERVICE_PERMISSIONS = frozenset(
    {
        "service.configure",
        "service.delete",
        "service.purge_all",
        "service.purge_select",
        "service.read",
        "service.stats",
    }
)
"""Those that are held on one service at a time."""

ACCOUNT_PERMISSIONS = (
    frozenset(
        {
            "automation_token.manage",
            "automation_token.read",
            "customer.read_full",
            "customer.security",
            "customer.update",
            "event.read",
            "invitation.create",
            "invitation.delete",
            "invitation.read",
            "role.manage",
            "service.create",
            "service_authorization.manage",
            "service_authorization.read",
            "service_group.manage",
            "service_group.read",
            "tls.manage",
            "tls.read",
            "token.read_all",
            "token.revoke_all",
            "user.create",
            "user.delete",
            "user.read_full",
            "user.reset_password",
            "user.update",
            "user_group.manage",
            "user_group.read",
        }
    )
    | _EVERYBODY
    | _BILLING
)
"""Those that are held on the account as a whole."""

PERMISSIONS = ACCOUNT_PERMISSIONS | SERVICE_PERMISSIONS

GRANTS: dict[str, frozenset[str]] = {
    "user": _EVERYBODY | _SEES_SERVICES,
    "billing": _EVERYBODY | _SEES_SERVICES | _BILLING,
    "engineer": _EVERYBODY | SERVICE_PERMISSIONS | {"service.create", "invitation.create"},
    "superuser": PERMISSIONS,
    "tls_viewer": _EVERYBODY | {"tls.read"},
    "tls_admin": _EVERYBODY | {"tls.read", "tls.manage"},
}
"""What each built-in role confers."""

READING = frozenset(name for name in PERMISSIONS if ".read" in name) | {"service.stats"}

AUTHORIZATION_MASKS: dict[str, frozenset[str]] = {
    "read_only": _SEES_SERVICES,
    "purge_select": _SEES_SERVICES | {"service.purge_select"},
    "purge_all": _SEES_SERVICES | {"service.purge_select", "service.purge_all"},
    "full": SERVICE_PERMISSIONS,
}
"""What a service authorization lets through of the role's own (contract: access §3)."""
