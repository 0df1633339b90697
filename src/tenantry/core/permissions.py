"""The vocabulary of access: permissions, the built-in roles and what each confers.

The whole matrix of contract: access §9.2 is one table, `CATALOGUE`; everything else here is read
off it. A cell that is more than yes or no is a *form* of the permission, written behind a colon:
`customer.read:billing`. Who holds a permission through a role of the customer's own holds every
form of it.
"""

import hashlib
from typing import Literal, get_args

import msgspec

Role = Literal["user", "billing", "engineer", "superuser", "tls_viewer", "tls_admin"]
Scope = Literal["global", "global:read", "purge_all", "purge_select"]

ROLES: tuple[str, ...] = ("superuser", "engineer", "billing", "tls_admin", "tls_viewer", "user")
"""Highest first (contract: access §9.1)."""

SCOPES: tuple[str, ...] = get_args(Scope)

ROLE_IDS = {role: "Rl0" + role.title().replace("_", "") + "BuiltIn" for role in ROLES}
ROLE_IDS = {role: name.ljust(22, "0") for role, name in ROLE_IDS.items()}
"""The built-in roles' identifiers: the same in every installation, for scripts to name."""

ROLE_OF_ID = {role_id: role for role, role_id in ROLE_IDS.items()}

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 22


class Permission(msgspec.Struct, frozen=True):
    """A row of the matrix.

    Cells, in the order of `COLUMNS`: `Y` yes; `L` yes, subject to limits on services; `-` no;
    `r` a reduced record; `b` a reduced record with billing fields; `o` one's own objects only;
    `s` one's own, and those of services that one sees; `e` one's own, or a restricted form, for
    engineers who are not limited to services.
    """

    name: str
    description: str
    cells: str

    @property
    def id(self) -> str:
        """The same in every installation: the first 22 base-62 digits of the name's SHA-256."""
        number = int.from_bytes(hashlib.sha256(self.name.encode()).digest())
        digits = ""
        while number:
            number, digit = divmod(number, len(_ALPHABET))
            digits = _ALPHABET[digit] + digits
        return digits[:_ID_LENGTH]

    @property
    def resource(self) -> str:
        """What it is about: the part before the dot."""
        return self.name.partition(".")[0]

    @property
    def scope(self) -> Literal["service", "account"]:
        """Whether it is held on one service at a time."""
        return (
            "service" if self.resource == "service" and self.name != "service.create" else "account"
        )

    def cell(self, role: str) -> str:
        """What the matrix says of a built-in role."""
        return self.cells[COLUMNS.index(role)]


COLUMNS: tuple[Role, ...] = ("user", "billing", "engineer", "superuser", "tls_viewer", "tls_admin")

CATALOGUE: tuple[Permission, ...] = (
    Permission("customer.read", "See the account's settings", "rbrYrr"),
    Permission("customer.update", "Change the account's settings", "---Y--"),
    Permission(
        "customer.security", "See the account's security policies; superusers change them", "---Y--"
    ),
    Permission("user.read", "See the account's users", "rrrYrr"),
    Permission("user.create", "Add users", "---Y--"),
    Permission("user.update", "Change users, their roles and limits", "---Y--"),
    Permission("user.delete", "Delete users", "---Y--"),
    Permission("user.reset_password", "Mail users a link to a new password", "---Y--"),
    Permission("token.read_all", "See everybody's API tokens", "---Y--"),
    Permission("token.revoke_all", "Revoke everybody's API tokens", "---Y--"),
    Permission("automation_token.read", "See automation tokens", "---Y--"),
    Permission("automation_token.manage", "Create and revoke automation tokens", "---Y--"),
    Permission("invitation.read", "See pending invitations", "--eY--"),
    Permission("invitation.create", "Invite people to the account", "--eY--"),
    Permission("invitation.delete", "Withdraw invitations", "--eY--"),
    Permission("service_authorization.read", "See service authorizations", "oooYoo"),
    Permission(
        "service_authorization.manage", "Grant and withdraw service authorizations", "---Y--"
    ),
    Permission("role.read", "See roles and permissions", "YYYYYY"),
    Permission("role.manage", "Create, change and delete roles", "---Y--"),
    Permission("user_group.read", "See user groups", "oooYoo"),
    Permission("user_group.manage", "Create, change and delete user groups", "---Y--"),
    Permission("service_group.read", "See service groups", "---Y--"),
    Permission("service_group.manage", "Create, change and delete service groups", "---Y--"),
    Permission("event.read", "See the event log", "oosYoo"),
    Permission("contact.read", "See the account's contacts", "YYYYYY"),
    Permission("contact.manage", "Change the account's contacts", "-Y-Y--"),
    Permission("billing_address.read", "See the billing address", "-Y-Y--"),
    Permission("billing_address.manage", "Change the billing address", "-Y-Y--"),
    Permission("invoice.read", "See invoices", "-Y-Y--"),
    Permission("usage.read", "See metered usage", "-Y-Y--"),
    Permission("service.create", "Create services", "--YY--"),
    Permission("service.read", "See a service", "LLLY--"),
    Permission("service.stats", "See a service's statistics", "LLLY--"),
    Permission("service.configure", "Change and activate a service", "--LY--"),
    Permission("service.delete", "Delete a service", "--LY--"),
    Permission("service.purge_select", "Purge single objects of a service", "--LY--"),
    Permission("service.purge_all", "Purge everything of a service", "--LY--"),
    Permission("tls.read", "See TLS certificates", "---YYY"),
    Permission("tls.manage", "Change TLS certificates", "---Y-Y"),
)

PERMISSION_IDS = {one.name: one.id for one in CATALOGUE}
PERMISSION_OF_ID = {one.id: one for one in CATALOGUE}

RESOURCES = {
    "automation_token": "Automation tokens",
    "billing_address": "Billing address",
    "contact": "Contacts",
    "customer": "Account",
    "event": "Events",
    "invitation": "Invitations",
    "invoice": "Invoices",
    "role": "Roles",
    "service": "Services",
    "service_authorization": "Service authorizations",
    "service_group": "Service groups",
    "tls": "TLS",
    "token": "API tokens",
    "usage": "Usage",
    "user": "Users",
    "user_group": "User groups",
}

SERVICE_PERMISSIONS = frozenset(one.name for one in CATALOGUE if one.scope == "service")
"""Those that are held on one service at a time."""

ACCOUNT_PERMISSIONS = frozenset(one.name for one in CATALOGUE if one.scope == "account")
"""Those that are held on the account as a whole."""

PERMISSIONS = ACCOUNT_PERMISSIONS | SERVICE_PERMISSIONS


def _forms_of(permission: Permission) -> frozenset[str]:
    """What can be held of it besides the plain permission."""
    forms = {"own"} if set(permission.cells) & set("oes") else set()
    if "s" in permission.cells:
        forms.add("services")
    if "r" in permission.cells:
        forms.add("full")
    if "b" in permission.cells:
        forms.add("billing")
    return frozenset(f"{permission.name}:{form}" for form in forms)


_ALL_FORMS = {one.name: _forms_of(one) | {one.name} for one in CATALOGUE}


def _held(permission: Permission, cell: str) -> frozenset[str]:
    match cell:
        case "-":
            return frozenset()
        case "o" | "e":
            return frozenset({f"{permission.name}:own"})
        case "s":
            return frozenset({f"{permission.name}:own", f"{permission.name}:services"})
        case "b":
            return frozenset({permission.name, f"{permission.name}:billing"})
        case "Y":
            return _ALL_FORMS[permission.name]
        case _:
            return frozenset({permission.name})


GRANTS: dict[str, frozenset[str]] = {
    role: frozenset[str]().union(*(_held(one, one.cell(role)) for one in CATALOGUE))
    for role in ROLES
}
"""What each built-in role confers."""

UNLIMITED_ONLY = frozenset(f"{one.name}:own" for one in CATALOGUE if "e" in one.cells)
"""What a role confers only on users who are not limited to services."""


def conferred(permissions: frozenset[str]) -> frozenset[str]:
    """What a role of the customer's own confers: the unrestricted form (contract: access §9.2)."""
    return frozenset[str]().union(*(_ALL_FORMS[name] for name in permissions))


READING = frozenset(form for forms in _ALL_FORMS.values() for form in forms if ".read" in form) | {
    "customer.security",
    "service.stats",
}
"""What a token for reading lets through; writes are refused it by their method (access §9.4)."""

_SEES_SERVICES = frozenset({"service.read", "service.stats"})

AUTHORIZATION_MASKS: dict[str, frozenset[str]] = {
    "read_only": _SEES_SERVICES,
    "purge_select": _SEES_SERVICES | {"service.purge_select"},
    "purge_all": _SEES_SERVICES | {"service.purge_select", "service.purge_all"},
    "full": SERVICE_PERMISSIONS,
}
"""What a service authorization lets through of the role's own (contract: access §3)."""
