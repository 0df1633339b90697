"""The tables of checkpoints: what was signed of each log, and the keys that signed."""

from tenantry.core.columns import digest, instant, maybe_text, number, table, text

checkpoints = table(
    "checkpoints",
    text("customer_id"),
    number("sequence"),
    digest("hash"),
    text("origin"),
    instant("created_at"),
    text("key_id"),
    text("signature"),
    key=("customer_id", "sequence"),
)

# Only what is public: the private keys are derived from the installation's secret. `signature` is
# that of the key before, by which who trusts that one can trust this one.
signing_keys = table(
    "signing_keys",
    number("generation"),
    text("key_id"),
    text("public_key"),
    maybe_text("previous_key_id"),
    maybe_text("signature"),
    instant("created_at"),
    key=("generation",),
)
