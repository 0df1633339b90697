"""What a scenario file may say: the structs that it is read into, each value with its meaning.

`docs/scenario.schema.json` is made from these. A row is told apart by its `id` where it has one,
and else by what names it in daily life: a user by the login, a service by the name.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tenantry.areas.customers.contacts import ContactType
from tenantry.areas.operator.hourly_writes import MOST
from tenantry.areas.operator.scenario_access import (
    Invitation,
    Role,
    ServiceAuthorization,
    ServiceGroup,
    UserGroup,
)
from tenantry.areas.operator.scenario_billing import (
    Address,
    Coupon,
    Moment,
    PlanCode,
    UsageEvent,
)
from tenantry.areas.operator.scenario_parts import (
    Comment,
    Expiry,
    Id,
    Name,
    RoleRef,
    Row,
    Scope,
    Secret,
    ServiceRef,
    Text,
    UserRef,
)
from tenantry.areas.pricing.catalogue import Catalogue
from tenantry.areas.pricing.terms import Plan, TaxRule
from tenantry.core import permissions


class User(Row, frozen=True, kw_only=True):
    """A person. Its natural key is the login, one in the whole installation."""

    id: Id | None = None
    login: Annotated[str, Meta(description="An e-mail address")]
    name: Annotated[Name | None, Meta(description="The login if left out")] = None
    role: permissions.Role = "user"
    roles: Annotated[
        list[RoleRef], Meta(description="Several roles, or the customer's own; then leave role out")
    ] = msgspec.field(default_factory=list)
    owner: Annotated[
        bool,
        Meta(description="Owns the customer; if nobody does, its first superuser is made owner"),
    ] = False
    password: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1024)] | None,
        Meta(description="Any text, weak ones too; without one nobody can sign in as this user"),
    ] = None
    limit_services: Annotated[
        bool,
        Meta(description="Engineers, and roles of the customer's own; authorizations set it too"),
    ] = False
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
    roles: Annotated[
        list[RoleRef], Meta(description="Several roles, or the customer's own; then leave role out")
    ] = msgspec.field(default_factory=list)
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
    created_at: Annotated[
        Moment | None, Meta(description="Since when there is usage of it; now if left out")
    ] = None
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
        int,
        Meta(
            ge=1,
            le=MOST,
            description="Changes that each user and automation token may make in an hour; "
            "of a customer that stands, an operator's key changes it",
        ),
    ] = 1000
    roles: list[Role] = msgspec.field(default_factory=list)
    users: list[User] = msgspec.field(default_factory=list)
    services: list[Service] = msgspec.field(default_factory=list)
    tokens: list[Token] = msgspec.field(default_factory=list)
    automation_tokens: list[AutomationToken] = msgspec.field(default_factory=list)
    service_groups: list[ServiceGroup] = msgspec.field(default_factory=list)
    invitations: list[Invitation] = msgspec.field(default_factory=list)
    user_groups: list[UserGroup] = msgspec.field(default_factory=list)
    service_authorizations: list[ServiceAuthorization] = msgspec.field(default_factory=list)
    contacts: list[Contact] = msgspec.field(default_factory=list)
    stars: list[Star] = msgspec.field(default_factory=list)
    plan: Annotated[
        PlanCode | None, Meta(description="What rates its usage: then leave pricing_plan out")
    ] = None
    billing_address: Address | None = None
    tax_address: Annotated[
        Address | None, Meta(description="Where it is taxed, if not where its bills go")
    ] = None
    tax_id: Annotated[Name | None, Meta(description="With the code of its country")] = None
    is_tax_exempt: bool = False
    coupons: list[Coupon] = msgspec.field(default_factory=list)
    usage: list[UsageEvent] = msgspec.field(default_factory=list)


class OperatorKey(Row, frozen=True, kw_only=True):
    """A key that may act in any customer. Its natural key is the secret."""

    name: Name = "operator"
    key: Annotated[Secret, Meta(description="The secret that clients send as Fastly-Key")]


class Scenario(Row, frozen=True, kw_only=True):
    """Customers with everything in them, and keys of the installation's operator."""

    schema: Annotated[str, Meta(description="Where editors find this schema; ignored")] = (
        msgspec.field(default="", name="$schema")
    )
    catalogue: Annotated[
        Catalogue | None, Meta(description="What is metered, if not what is built in")
    ] = None
    tax_rules: list[TaxRule] = msgspec.field(default_factory=list)
    plans: list[Plan] = msgspec.field(default_factory=list)
    customers: list[Customer] = msgspec.field(default_factory=list)
    operator_keys: list[OperatorKey] = msgspec.field(default_factory=list)
