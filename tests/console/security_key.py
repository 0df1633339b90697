"""A security key in software: it makes credentials and signs with them, as W3C WebAuthn says."""

import base64
import hashlib
import html
import json
import re
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.console.browser import ORIGIN

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def as_text(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def as_bytes(text: str) -> bytes:
    """The bytes again."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def options_in(page: str) -> dict[str, Any]:
    """What a page asks the browser for."""
    found = re.search(r'data-options="([^"]+)"', page)
    assert found is not None, page
    options: dict[str, Any] = json.loads(html.unescape(found[1]))
    return options


def challenge_in(page: str) -> str:
    """The hidden field of the page's form for passkeys."""
    found = re.search(r'name="challenge" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


@dataclass
class SecurityKey:
    """A key with one credential, on one site."""

    origin: str = ORIGIN
    rp_id: str = "accounts.example.com"
    verifies: bool = True
    """Whether its owner unlocks it by a PIN or his finger."""
    counts: bool = True
    count: int = 0
    handle: bytes = b""
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.id = hashlib.sha256(self._point()).digest()

    def make(self, options: dict[str, Any], **lies: Any) -> str:
        """What the browser answers to the options for a new passkey."""
        self.handle = as_bytes(options["user"]["id"])
        public = {1: 2, 3: -7, -1: 1, -2: self._point()[1:33], -3: self._point()[33:]}
        credential = b"\0" * 16 + len(self.id).to_bytes(2) + self.id + cbor2.dumps(public)
        data = self._data(ATTESTED) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": as_text(self._client("webauthn.create", options, lies)),
            "attestationObject": as_text(attestation),
            "transports": ["usb"],
        }
        return self._answer(response)

    def sign(self, options: dict[str, Any], **lies: Any) -> str:
        """What the browser answers to the options for signing in."""
        self.count += self.counts
        client, data = self._client("webauthn.get", options, lies), self._data(0)
        told = data + hashlib.sha256(client).digest()
        signature = self.private.sign(told, ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": as_text(client),
            "authenticatorData": as_text(data),
            "signature": as_text(signature),
            "userHandle": as_text(self.handle) if self.handle else None,
        }
        return self._answer(response)

    def _answer(self, response: dict[str, Any]) -> str:
        named = {"id": as_text(self.id), "rawId": as_text(self.id), "type": "public-key"}
        return json.dumps({**named, "response": response})

    def _client(self, kind: str, options: dict[str, Any], lies: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin, **lies}
        return json.dumps(told).encode()

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        site = hashlib.sha256(self.rp_id.encode()).digest()
        return site + bytes([flags]) + self.count.to_bytes(4)

    def _point(self) -> bytes:
        numbers = self.private.public_key().public_numbers()
        return b"\x04" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)
