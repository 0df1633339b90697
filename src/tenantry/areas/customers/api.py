"""How customers are reached (contract: identity §2)."""

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.access.decide import decide
from tenantry.areas.customers import closing, model
from tenantry.core.clock import shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OK, OWNER, Status, operation, permission
from tenantry.http.wire import LEGACY


class Customer(msgspec.Struct):
    """A customer as the wire shows it; what a reader may not see is left out, never null."""

    billing_contact_id: str | UnsetType | None
    billing_network_type: str
    billing_ref: str | UnsetType | None
    can_configure_wordpress: bool | None
    can_reset_passwords: bool
    can_upload_vcl: bool
    force_2fa: bool
    force_sso: bool
    has_account_panel: bool
    has_improved_events: bool
    has_improved_ssl_config: bool
    has_openstack_logging: bool
    has_pci: bool
    has_pci_passwords: bool
    ip_whitelist: str | UnsetType
    legal_contact_id: str | None
    name: str
    owner_id: str
    phone_number: str | UnsetType
    postal_address: str | UnsetType | None
    pricing_plan: str | UnsetType
    pricing_plan_id: str | UnsetType
    security_contact_id: str | None
    technical_contact_id: str | None
    created_at: str | None
    deleted_at: str | None
    id: str
    updated_at: str | None


def shown(row: model.CustomerRow, call: Reading) -> Customer:
    """A customer as this reader may see it (contract: identity §2.1)."""
    grants = call.principal.grants
    sees_all = (
        decide(grants, "customer.read:full").allowed
        or decide(grants, "customer.read:billing").allowed
    )
    return Customer(
        billing_contact_id=row.billing_contact_id if sees_all else UNSET,
        billing_network_type=row.billing_network_type,
        billing_ref=row.billing_ref if sees_all else UNSET,
        can_configure_wordpress=row.can_configure_wordpress,
        can_reset_passwords=row.can_reset_passwords,
        can_upload_vcl=row.can_upload_vcl,
        force_2fa=row.force_2fa,
        force_sso=row.force_sso,
        has_account_panel=row.has_account_panel,
        has_improved_events=row.has_improved_events,
        has_improved_ssl_config=row.has_improved_ssl_config,
        has_openstack_logging=row.has_openstack_logging,
        has_pci=row.has_pci,
        has_pci_passwords=row.has_pci_passwords,
        ip_whitelist=row.ip_whitelist if sees_all else UNSET,
        legal_contact_id=row.legal_contact_id,
        name=row.name,
        owner_id=row.owner_id or "",
        phone_number=row.phone_number if sees_all else UNSET,
        postal_address=row.postal_address if sees_all else UNSET,
        pricing_plan=row.pricing_plan if sees_all else UNSET,
        pricing_plan_id=row.pricing_plan_id if sees_all else UNSET,
        security_contact_id=row.security_contact_id,
        technical_contact_id=row.technical_contact_id,
        created_at=shown_or_none(row.created_at),
        deleted_at=shown_or_none(row.deleted_at),
        id=row.id,
        updated_at=shown_or_none(row.updated_at),
    )


@operation("GET /current_customer", allow=permission("customer.read"), wire=LEGACY)
async def get_logged_in_customer(call: Reading) -> Customer:
    """The customer of the calling token."""
    return shown(await model.find(call, call.customer_id), call)


@operation("GET /customer/{customer_id}", allow=permission("customer.read"), wire=LEGACY)
async def get_customer(call: Reading, customer_id: str) -> Customer:
    """One's own customer; any other is as if absent."""
    return shown(await model.find(call, customer_id), call)


@operation("PUT /customer/{customer_id}", allow=permission("customer.update"), wire=LEGACY)
async def update_customer(
    call: Writing, customer_id: str, body: Body[model.CustomerChange]
) -> Customer:
    """Change the settings that are sent; others stay."""
    model.check_may(call, await model.find(call, customer_id), body.sent())
    return shown(await model.change(call, customer_id, body()), call)


@operation("DELETE /customer/{customer_id}", allow=OWNER, wire=LEGACY)
async def delete_customer(call: Writing, customer_id: str) -> Status:
    """Close the account: its owner alone, once its services are deleted."""
    await closing.close(call, customer_id)
    return OK
