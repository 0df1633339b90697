"""The types of events that this server writes, as its catalogue tells (contract: billing §8.5)."""

SCOPES = ("account", "ngwaf", "vcl", "wasm")
"""What types are about; all of ours are about accounts."""

WRITTEN: tuple[str, ...] = (
    "address.create",
    "address.delete",
    "address.update",
    "billing.contact_update",
    "customer.create",
    "customer.pricing",
    "customer.update",
    "customer_feature.create",
    "customer_feature.delete",
    "invitation.accept",
    "invitation.sent",
    "invoice.failed_payment",
    "invoice.payment",
    "service.create",
    "service.delete",
    "service.update",
    "service_authorization.create",
    "service_authorization.delete",
    "service_authorization.update",
    "token.create",
    "token.destroy",
    "two_factor_auth.disable",
    "two_factor_auth.enable",
    "user.create",
    "user.destroy",
    "user.lock",
    "user.login",
    "user.login_failure",
    "user.logout",
    "user.password_update",
    "user.unlock",
    "user.update",
    "version.activate",
    "version.clone",
    "version.create",
    "version.deactivate",
    "version.lock",
    "version.update",
)


def display_name(event_type: str) -> str:
    """`user.login_failure` for people: "User: Login Failure"."""
    before, _, last = event_type.replace("_", " ").rpartition(".")
    return f"{before.replace('.', ' ').title()}: {last.title()}"
