"""What a scenario file may say: the structs that it is read into, each value with its meaning.

`docs/scenario.schema.json` is made from these. A row is told apart by its `id` where it has one,
and else by what names it in daily life: a user by the login, a service by the name.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tenantry.areas.customers.contacts import ContactType
from tenantry.core.permissions import Role

# `$` alone would also match before a line feed at the end.
ID_PATTERN = r"^[0-9A-Za-z]{1,64}$(?!\n)"
SECRET_PATTERN = r"^[0-9A-Za-z_-]{16,128}$(?!\n)"  # noqa: S105 - what a secret looks like

Id = Annotated[str, Meta(pattern=ID_PATTERN, description="Fixed id; a random one if left out")]
Secret = Annotated[
    str,
    Meta(
        pattern=SECRET_PATTERN,
        description="The secret that clients send as Fastly-Key; a random one if left out",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(max_length=4096)]
Comment = Annotated[str, Meta(max_length=10_000)]
UserRef = Annotated[
    str, Meta(min_length=1, max_length=255, description="A user of this customer: login or id")
]
ServiceRef = Annotated[
    str, Meta(min_length=1, max_length=255, description="A service of this customer: name or id")
]
Scope = Annotated[
    str,
    Meta(description="global, global:read, purge_all, purge_select; several between blanks"),
]
Expiry = Annotated[
    str, Meta(description="When it expires (RFC 3339); the past makes an expired token")
]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scenario lists."""


class User(Row, frozen=True, kw_only=True):
    """A person. Its natural key is the login, one in the whole installation."""

    id: Id | None = None
    login: Annotated[str, Meta(description="An e-mail address")]
    name: Annotated[Name | None, Meta(description="The login if left out")] = None
    role: Role = "user"
    owner: Annotated[
        bool,
        Meta(description="Owns the customer; if nobody does, its first superuser is made owner"),
    ] = False
    password: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1024)] | None,
        Meta(description="Any text, weak ones too; without one nobody can sign in as this user"),
    ] = None
    limit_services: Annotated[bool, Meta(description="Engineers only")] = False
    locked: Annotated[bool, Meta(description="As if a superuser had locked it")] = False
    require_new_password: bool = False


class Version(Row, frozen=True, kw_only=True):
    """A version of a service; the first in the list is number 1."""

    comment: Comment = ""
    locked: bool = False


class Service(Row, frozen=True, kw_only=True):
    """A service with its versions. Its natural key is the name."""

    id: Id | None = None
    name: Name
    type: Literal["vcl", "wasm"] = "vcl"
    comment: Comment = ""
    versions: Annotated[
        list[Version], Meta(min_length=1, max_length=1000, description="One version if left out")
    ] = msgspec.field(default_factory=lambda: [Version()])
    active_version: Annotated[
        int | None, Meta(description="The number of the active version, which is locked then")
    ] = None


class Token(Row, frozen=True, kw_only=True):
    """An API token of a user. Its natural key is the secret, else the user and the name."""

    id: Id | None = None
    user: UserRef
    name: Name = "Unnamed token"
    access_token: Secret | None = None
    scope: Scope = "global"
    services: Annotated[list[ServiceRef], Meta(description="All services if left out")] = (
        msgspec.field(default_factory=list)
    )
    expires_at: Expiry | None = None


class AutomationToken(Row, frozen=True, kw_only=True):
    """A key of a program. Its natural key is the secret, else the name."""

    id: Id | None = None
    name: Name
    user: Annotated[
        UserRef | None, Meta(description="Who made it: login or id; the owner if left out")
    ] = None
    role: Literal["engineer", "billing", "user"] = "user"
    access_token: Secret | None = None
    scope: Scope = "global"
    services: Annotated[list[ServiceRef], Meta(description="All services if left out")] = (
        msgspec.field(default_factory=list)
    )
    tls_access: bool = False
    expires_at: Expiry | None = None


class Contact(Row, frozen=True, kw_only=True):
    """Whom to ask: a user, or somebody named. Its natural key is the type and who it is."""

    contact_type: ContactType
    user: UserRef | None = None
    name: Name | None = None
    email: Annotated[Name | None, Meta(description="An e-mail address")] = None
    phone: Annotated[
        Name | None, Meta(description="Required of primary, technical and security contacts")
    ] = None


class Star(Row, frozen=True, kw_only=True):
    """A service that a user marked. Its natural key is both."""

    user: UserRef
    service: ServiceRef


class Customer(Row, frozen=True, kw_only=True):
    """A customer with everything in it. Its natural key is the name."""

    id: Id | None = None
    name: Name
    billing_contact: Annotated[
        UserRef | None, Meta(description="Who is asked about bills: login or id")
    ] = None
    billing_network_type: Literal["public", "private"] = "public"
    billing_ref: Annotated[Text | None, Meta(description="A purchase order, or the like")] = None
    can_configure_wordpress: bool | None = None
    can_reset_passwords: Annotated[
        bool, Meta(description="Whether superusers may mail reset links")
    ] = True
    can_upload_vcl: bool = True
    force_2fa: Annotated[bool, Meta(description="Whether users must have a second factor")] = False
    force_sso: Annotated[
        bool, Meta(description="Whether users must sign in through their identity provider")
    ] = False
    has_account_panel: bool = True
    has_improved_events: bool = True
    has_improved_ssl_config: bool = False
    has_openstack_logging: bool = False
    has_pci: bool = False
    has_pci_passwords: Annotated[
        bool, Meta(description="Shown to clients, who cannot change it")
    ] = False
    ip_whitelist: Annotated[
        Text, Meta(description="Addresses and CIDR blocks, comma-separated")
    ] = "0.0.0.0/0"
    legal_contact: Annotated[
        UserRef | None, Meta(description="Who is asked about contracts: login or id")
    ] = None
    phone_number: Text = ""
    postal_address: Text | None = None
    pricing_plan: Annotated[Name, Meta(description="The name of the plan, as it is shown")] = (
        "developer"
    )
    pricing_plan_id: Annotated[Id, Meta(description="The id of the plan")] = (
        "0DeveloperPlan00000000"
    )
    security_contact: Annotated[
        UserRef | None, Meta(description="Who is asked about security: login or id")
    ] = None
    technical_contact: Annotated[
        UserRef | None, Meta(description="Who is asked about technology: login or id")
    ] = None
    hourly_writes: Annotated[
        int, Meta(ge=1, le=1_000_000_000, description="Changes that a user may make in an hour")
    ] = 1000
    users: list[User] = msgspec.field(default_factory=list)
    services: list[Service] = msgspec.field(default_factory=list)
    tokens: list[Token] = msgspec.field(default_factory=list)
    automation_tokens: list[AutomationToken] = msgspec.field(default_factory=list)
    contacts: list[Contact] = msgspec.field(default_factory=list)
    stars: list[Star] = msgspec.field(default_factory=list)


class OperatorKey(Row, frozen=True, kw_only=True):
    """A key that may act in any customer. Its natural key is the secret."""

    name: Name = "operator"
    key: Annotated[Secret, Meta(description="The secret that clients send as Fastly-Key")]


class Scenario(Row, frozen=True, kw_only=True):
    """Customers with everything in them, and keys of the installation's operator."""

    schema: Annotated[str, Meta(description="Where editors find this schema; ignored")] = (
        msgspec.field(default="", name="$schema")
    )
    customers: list[Customer] = msgspec.field(default_factory=list)
    operator_keys: list[OperatorKey] = msgspec.field(default_factory=list)


class BadScenario(ValueError):
    """A scenario that can't be loaded; its text names the place and says why, in one line."""

    def __init__(self, place: str, why: str) -> None:
        """`place` as in `customers[0].users[2].role`; empty for the file as a whole."""
        super().__init__(" ".join(f"{place}: {why}".split()) if place else " ".join(why.split()))
