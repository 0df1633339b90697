"""What each event says: its sentence, and what stands in its metadata (contract: billing §8.4)."""

import re
from dataclasses import dataclass
from typing import Any

from fastly.model.event_attributes import EventAttributes

from tenantry.core.chain import opened
from tests.world import World

EVENT_TYPES = frozenset(EventAttributes.allowed_values["event_type",].values())
"""The names that the official Python client knows; for another it refuses the whole list."""


@dataclass(frozen=True)
class Said:
    """How an event of ours is told."""

    sentence: str
    keys: frozenset[str]
    may: frozenset[str] = frozenset()
    """What stands in the metadata only where it applies."""
    event_type: str | None = ""
    """Its name on the wire, where that is another; None if it is not shown there."""


def _said(sentence: str, keys: str, may: str = "", event_type: str | None = "") -> Said:
    return Said(sentence, frozenset(keys.split()), frozenset(may.split()), event_type)


def _account(sentence: str, keys: str) -> Said:
    return _said(sentence, f"action {keys}", event_type="customer.update")


def _own(sentence: str, keys: str) -> Said:
    return _said(sentence, f"action user_id {keys}", event_type="user.update")


_TOKEN = "token_id name scope services expires_at kind"
_INVITED = "invitation_id email role roles limit_services"
_PROVIDER = "identity_provider_id name"
_CONTACT = "contact_id contact_type user_id name email phone"
_AUTHORIZED = "service_authorization_id user_id"

SAID: dict[str, Said] = {
    "customer.create": _said("Customer '…' was created", "name"),
    "customer.update": _said("Customer '…' was updated", "old new"),
    "customer.pricing": _said("Pricing plan was changed from '…' to '…'", "old new"),
    "customer.delete": _account("Customer '…' was deleted", "name"),
    "identity_provider.create": _account("Identity provider '…' was created", f"{_PROVIDER} new"),
    "identity_provider.update": _account(
        "Identity provider '…' was updated", f"{_PROVIDER} old new is_secret_new"
    ),
    "identity_provider.delete": _account(
        "Identity provider '…' was deleted", f"{_PROVIDER} issuer"
    ),
    "identity_provider.check": _account(
        "Identity provider '…' was checked", f"{_PROVIDER} is_right"
    ),
    "email_domain.create": _account("E-mail domain '…' was claimed", "domain"),
    "email_domain.verify": _account("E-mail domain '…' was verified", "domain how"),
    "email_domain.miss": _account(
        "E-mail domain '…' was found without its challenge", "domain until"
    ),
    "email_domain.lapse": _account(
        "E-mail domain '…' was lost, for its challenge stayed away", "domain"
    ),
    "email_domain.delete": _account("E-mail domain '…' was given up", "domain"),
    "sso_bypass.create": _account("User '…' may bypass single sign-on", "user_id login"),
    "sso_bypass.delete": _account("User '…' may no longer bypass single sign-on", "user_id login"),
    "customer_feature.create": _said("Feature '…' was enabled", "feature"),
    "customer_feature.delete": _said("Feature '…' was disabled", "feature"),
    "billing.contact_update": _said("Billing contact was updated", "contact_id"),
    **{
        f"contact.{verb}": _account(
            f"[A-Z][a-z ]+ contact was {verb}d", f"{_CONTACT}{' old new' * (verb == 'update')}"
        )
        for verb in ("create", "update", "delete")
    },
    **{
        f"address.{verb}": _said(f"(Billing|Tax) address was {verb}d", "type changed")
        for verb in ("create", "update", "delete")
    },
    "tax_id.update": _account("Tax id was updated", ""),
    "tax_id.delete": _account("Tax id was deleted", ""),
    "tax_status.update": _account("Tax status was updated", "old new"),
    "user.create": _said("User '…' was created", "user_id login role roles"),
    "user.update": _said(
        "User '…' was updated",
        "user_id",
        "old new added removed user_group_id user_group_ids role_id action",
    ),
    "user.destroy": _said("User '…' was deleted", "user_id login"),
    "user.lock": _said("User '…' was locked", "user_id login reason"),
    "user.unlock": _said("User '…' was unlocked", "user_id login reason"),
    "user.login": _said("User '…' logged in", "", "token_id methods client_id"),
    "user.login_failure": _said("User '…' failed to log in", "reason"),
    "user.logout": _said("User '…'( was)? logged out", "", "user_id login"),
    "user.sudo": _said("User '…' entered sudo mode", "token_id until", event_type=None),
    "user.password_update": _said("Password for user '…' was updated", "user_id"),
    "user.password_reset_request": _said(
        "A password reset was requested for '…'", "user_id", event_type=None
    ),
    **{
        f"two_factor_auth.{verb}": _said(
            f"Two-factor authentication was {verb}d for '…'", "user_id login"
        )
        for verb in ("enable", "disable")
    },
    **{
        f"{factor}.{verb}": _own(f"An? .+ was {word} for user '…'", "factor_id name")
        for factor, verb, word in (
            ("authenticator", "create", "added"),
            ("authenticator", "delete", "removed"),
            ("passkey", "create", "added"),
            ("passkey", "delete", "removed"),
        )
    },
    "passkey.update": _own("A passkey was renamed for user '…'", "factor_id old new"),
    "recovery_codes.create": _own("Recovery codes were made for user '…'", ""),
    "recovery_code.use": _own("A recovery code was used for user '…'", ""),
    "grant.create": _account("User '…' allowed '…' to act for him", "client_id redirect_uri"),
    "grant.revoke": _account("The sign-in of '…' to '…' was revoked", "client_id reason user_id"),
    "sign_in_policy.update": _account("The sign-in policy was updated", "old new"),
    "token.create": _said("Token '…' was created", _TOKEN),
    "token.destroy": _said("Token '…' was destroyed", _TOKEN),
    "invitation.sent": _said("Invitation to '…' was sent", _INVITED),
    "invitation.send_again": _said(
        "Invitation to '…' was sent again", _INVITED, event_type="invitation.sent"
    ),
    "invitation.accept": _said(
        "Invitation to '…' was accepted", "invitation_id email role user_id"
    ),
    "invitation.delete": _account("Invitation to '…' was withdrawn", "invitation_id email"),
    "service_authorization.create": _said(
        "Service authorization for user '…' was created", f"{_AUTHORIZED} permission"
    ),
    "service_authorization.update": _said(
        "Service authorization for user '…' was updated", f"{_AUTHORIZED} old new"
    ),
    "service_authorization.delete": _said(
        "Service authorization for user '…' was deleted", f"{_AUTHORIZED} permission"
    ),
    "spend_alert.create": _account("Spend alert '…' was created", "spend_alert_id name threshold"),
    "spend_alert.update": _account("Spend alert '…' was updated", "spend_alert_id old new"),
    "spend_alert.delete": _account("Spend alert '…' was deleted", "spend_alert_id name threshold"),
    "spend_alert.send": _account(
        "Spend alert '…' was sent", "amount currency month spend_alert_id threshold"
    ),
    "coupon.create": _account(
        "Coupon '…' was granted",
        "code kind value remaining periods_left scope valid_from valid_until",
    ),
    "coupon.delete": _account("Coupon '…' was withdrawn", "code"),
    "usage.void": _account(
        "Usage event '…' was voided", "source id month product_id metric region"
    ),
    "invoice.post": _account(
        r"Invoice \d+ for [0-9-]{7} was posted", "amount currency invoice_id month"
    ),
    "invoice.omit": _account("[0-9-]{7} was closed without an invoice", "month"),
    "service.create": _said("Service '…' was created", "name type"),
    "service.update": _said("Service '…' was updated", "old new"),
    "service.delete": _said("Service '…' was deleted", "name stars"),
    "version.create": _said("Version '…' of service '…' was created", "version_number"),
    "version.clone": _said(
        "Version '…' of service '…' was cloned from version '…'", "version_number from"
    ),
    "version.update": _said("Version '…' of service '…' was updated", "version_number old new"),
    "version.lock": _said("Version '…' of service '…' was locked", "version_number"),
    "version.activate": _said("Version '…' of service '…' was activated", "version_number old new"),
    "version.deactivate": _said(
        "Version '…' of service '…' was deactivated", "version_number old new"
    ),
    "star.create": _said("Star on service '…' was created", "star_id", event_type=None),
    "star.delete": _said("Star on service '…' was deleted", "star_id", event_type=None),
    "user.erase": _said(
        "A deleted user's personal data was erased",
        "customer_id user_ids events contacts invitations letters taken archived_events",
        event_type=None,
    ),
    "retention.update": _said("Events are kept for .+ days", "old new", event_type=None),
    "invoice.payment": _said("Invoice [0-9]+ was paid", "invoice_id amount currency"),
    "invoice.failed_payment": _said("Invoice [0-9]+ payment failed", "invoice_id amount currency"),
    "iam.role.create": _account("Role '…' was created", "role_id name permissions"),
    "iam.role.update": _account("Role '…' was updated", "role_id old new"),
    "iam.role.delete": _account(
        "Role '…' was deleted",
        "role_id name automation_token_ids invitation_ids user_group_ids",
    ),
    **{
        f"iam.role.permissions.{verb}": _account(
            "Permissions of role '…' were changed", "role_id permissions"
        )
        for verb in ("add", "remove")
    },
    **{
        f"iam.{kind}_group.{verb}": _account(f"{kind.capitalize()} group '…' was {verb}d", keys)
        for kind in ("user", "service")
        for verb, keys in (
            ("create", f"{kind}_group_id name"),
            ("update", f"{kind}_group_id old new"),
            ("delete", f"{kind}_group_id name"),
        )
    },
    **{
        f"iam.{kind}_group.{what}.{verb}": _account(
            f"{kind.capitalize()} group '…' was {done}", f"{kind}_group_id {what}"
        )
        for kind, what in (
            ("user", "members"),
            ("user", "roles"),
            ("user", "service_groups"),
            ("service", "services"),
        )
        for verb, done in (("add", "extended"), ("remove", "reduced"))
    },
}


async def events_since(world: World, since: int) -> list[dict[str, Any]]:
    """The events after the first `since`, as whoever may read everything reads them."""
    return [opened(body, personal) for _, _, body, personal, *_ in (await world.events())[since:]]


def check_said(event: dict[str, Any]) -> None:
    """See that an event says what the table says, under a name that clients know."""
    action, metadata = event["action"], event["metadata"]
    said = SAID[action]
    assert event["event_type"] == (action if said.event_type == "" else said.event_type)
    assert event["event_type"] is None or event["event_type"] in EVENT_TYPES
    sentence = said.sentence.replace("…", ".+")
    assert re.fullmatch(sentence, event["description"]), event["description"]
    assert said.keys <= set(metadata) <= said.keys | said.may, (action, metadata)
    if "action" in said.keys:
        assert metadata["action"] == action
    if "old" in metadata:
        _check_differs(metadata["old"], metadata["new"])


def _check_differs(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert old
    assert set(old) == set(new)
    assert all(old[name] != new[name] for name in old), (old, new)
