"""What is sealed is opened by its own row, purpose and key alone."""

import base64

import pytest

from tenantry.core.secrets import Keyring

KEYRING = Keyring(b"k" * 32)


def test_what_was_sealed_is_opened_again_and_told_to_nobody() -> None:
    sealed = KEYRING.seal("authenticator", "row", b"the secret")
    assert KEYRING.unseal("authenticator", "row", sealed) == b"the secret"
    assert b"the secret" not in base64.urlsafe_b64decode(sealed)
    assert sealed != KEYRING.seal("authenticator", "row", b"the secret")


@pytest.mark.parametrize(
    ("keyring", "purpose", "row"),
    [
        (Keyring(b"l" * 32), "authenticator", "row"),
        (KEYRING, "provider", "row"),
        (KEYRING, "authenticator", "another"),
    ],
)
def test_nothing_else_opens_it(keyring: Keyring, purpose: str, row: str) -> None:
    sealed = KEYRING.seal("authenticator", "row", b"the secret")
    with pytest.raises(ValueError, match="can't be opened"):
        keyring.unseal(purpose, row, sealed)


@pytest.mark.parametrize("at", [0, 15, -1])
def test_a_changed_byte_is_found(at: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(KEYRING.seal("authenticator", "row", b"the secret")))
    raw[at] ^= 1
    with pytest.raises(ValueError, match="can't be opened"):
        KEYRING.unseal("authenticator", "row", base64.urlsafe_b64encode(raw).decode())
