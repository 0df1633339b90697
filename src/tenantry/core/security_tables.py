"""The tables of signing in: second factors, sessions, identity providers, and what is under way.

Nothing here opens a door by itself: secrets are digests where they are only compared, and sealed
with the installation's key (`Keyring.seal`) where they are needed again.
"""

from sqlalchemy import Index

from tenantry.core.columns import (
    digest,
    flag,
    instant,
    maybe_instant,
    maybe_text,
    metadata,
    number,
    only,
    table,
    text,
)

__all__ = ["metadata"]

# Authenticator apps (RFC 6238). One counts from its confirmation on; `last_step` is the newest time
# step whose code was used, so that no code counts twice.
authenticators = table(
    "authenticators",
    text("customer_id"),
    text("user_id"),
    text("id"),
    text("name"),
    text("secret"),
    number("last_step"),
    maybe_instant("confirmed_at"),
    instant("created_at"),
    key=("customer_id", "user_id", "id"),
)

# WebAuthn credentials.
passkeys = table(
    "passkeys",
    text("customer_id"),
    text("user_id"),
    text("id"),
    text("name"),
    digest("credential_id"),
    digest("public_key"),
    number("sign_count"),
    text("transports"),
    text("aaguid"),
    flag("is_backed_up"),
    instant("created_at"),
    maybe_instant("last_used_at"),
    Index("uq_passkeys_credential", "credential_id", unique=True),
    key=("customer_id", "user_id", "id"),
)

# One row a code; it goes when the code is used.
recovery_codes = table(
    "recovery_codes",
    text("customer_id"),
    text("user_id"),
    digest("digest"),
    instant("created_at"),
    key=("customer_id", "user_id", "digest"),
)

# A step of signing in that waits for the next one: a second factor, an answer of an identity
# provider, a code that is to be redeemed. Found by the digest of a secret, and used once.
sign_in_steps = table(
    "sign_in_steps",
    digest("digest"),
    text("purpose"),
    text("customer_id"),
    text("user_id"),
    text("state"),
    instant("expires_at"),
    instant("created_at"),
    Index(None, "expires_at"),
    Index(None, "customer_id", "user_id"),
    key=("digest",),
)

# What a session is besides a token of the kind `session` (whose `expires_at` is its absolute end).
sessions = table(
    "sessions",
    text("customer_id"),
    text("token_id"),
    text("user_id"),
    # How the person proved who he is, as a list (RFC 8176).
    text("methods"),
    maybe_text("device_id"),
    instant("created_at"),
    Index(None, "customer_id", "user_id"),
    key=("customer_id", "token_id"),
)

# Browsers that a user has signed in from, by a cookie that stays.
devices = table(
    "devices",
    text("customer_id"),
    text("user_id"),
    text("id"),
    digest("digest"),
    text("user_agent"),
    text("ip"),
    instant("seen_at"),
    instant("created_at"),
    key=("customer_id", "user_id", "id"),
)

# Hashes of former passwords, where the customer's policy forbids to use them again.
former_passwords = table(
    "former_passwords",
    text("customer_id"),
    text("user_id"),
    instant("replaced_at"),
    text("password"),
    key=("customer_id", "user_id", "replaced_at"),
)

# How a customer's people sign in, where it is not as usual.
sign_in_policies = table(
    "sign_in_policies",
    text("customer_id"),
    flag("allows_passkey_alone"),
    number("idle_seconds"),
    number("session_seconds"),
    instant("updated_at"),
    key=("customer_id",),
)

# A customer's own OpenID Connect provider. `role_map` is a JSON object from its groups to roles.
identity_providers = table(
    "identity_providers",
    text("customer_id"),
    text("id"),
    text("name"),
    text("issuer"),
    text("client_id"),
    text("client_secret"),
    text("scopes"),
    flag("is_enabled"),
    flag("creates_users"),
    text("default_role"),
    maybe_text("groups_claim"),
    text("role_map"),
    # When its discovery document and keys were last found to be right, as it is set now.
    maybe_instant("checked_at"),
    instant("created_at"),
    instant("updated_at"),
    key=("customer_id", "id"),
)

# Domains of mail addresses that a customer has shown to be its own: only one can have each. Whether
# one still is, is looked at again and again: since when it could not be seen, and when it was lost.
email_domains = table(
    "email_domains",
    text("customer_id"),
    text("domain"),
    text("challenge"),
    maybe_instant("verified_at"),
    instant("created_at"),
    # How it was shown: `dns`, `https` or `operator`.
    maybe_text("proof"),
    maybe_instant("looked_at"),
    maybe_instant("missing_since"),
    maybe_instant("lapsed_at"),
    Index("uq_email_domains", "domain", unique=True, **only("verified_at IS NOT NULL")),
    key=("customer_id", "domain"),
)

federated_identities = table(
    "federated_identities",
    text("customer_id"),
    text("issuer"),
    text("subject"),
    text("user_id"),
    instant("created_at"),
    instant("seen_at"),
    Index(None, "customer_id", "user_id"),
    key=("customer_id", "issuer", "subject"),
)

# Superusers who may use a password although the customer forces single sign-on.
sso_bypasses = table(
    "sso_bypasses",
    text("customer_id"),
    text("user_id"),
    instant("created_at"),
    key=("customer_id", "user_id"),
)

# Of the command line's sign-in (RFC 6749 §6): each is used once, and one that comes twice ends
# its whole family (RFC 9700 §4.14.2). The web token that is handed out with it bears its id.
refresh_tokens = table(
    "refresh_tokens",
    text("customer_id"),
    text("id"),
    text("user_id"),
    text("family"),
    digest("digest"),
    text("client_id"),
    text("audience"),
    # What the family rests on, and ends with: the browser's session that agreed, then its own.
    text("session_id"),
    text("methods"),
    instant("signed_in_at"),
    maybe_instant("used_at"),
    # When the web token was exchanged for the session's key.
    maybe_instant("exchanged_at"),
    instant("expires_at"),
    instant("created_at"),
    Index("uq_refresh_tokens_digest", "digest", unique=True),
    Index(None, "customer_id", "family"),
    key=("customer_id", "id"),
)

# Keys that sign what this server says as an identity provider; the private half is sealed.
provider_keys = table(
    "provider_keys",
    text("id"),
    text("private_key"),
    text("public_key"),
    instant("created_at"),
    maybe_instant("retired_at"),
    key=("id",),
)

OF_USERS = (
    authenticators,
    devices,
    federated_identities,
    former_passwords,
    passkeys,
    recovery_codes,
    refresh_tokens,
    sessions,
    sign_in_steps,
    sso_bypasses,
)
"""What goes with a user who is removed."""
OF_CUSTOMERS = (*OF_USERS, email_domains, identity_providers, sign_in_policies)
"""What goes with a customer who is closed."""
