"""What a browser and this server say to each other about passkeys (W3C WebAuthn, §7).

What a browser signs is derived from a challenge (`challenges.py`), which is good once. The library
is imported, by a thread, where it is first needed: that takes half a second, and most processes
never see a passkey.
"""

import asyncio
import base64
import importlib
import ipaddress
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from tenantry.core.context import Reading
from tenantry.core.errors import Problem

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

NAME = "Tenantry"
TIMEOUT = 300_000
"""Milliseconds that a browser gives somebody to find his key."""
LONGEST_ID = 1023
"""Bytes of a credential's id (WebAuthn §4)."""
LONGEST_ANSWER = 65_536
_LOCAL = "localhost"


class Site(msgspec.Struct, frozen=True):
    """What passkeys are bound to."""

    id: str
    """The relying party: a name of a host. Passkeys are lost where it changes."""
    origin: str


class Descriptor(msgspec.Struct, frozen=True):
    """A credential that a browser may know."""

    id: bytes
    transports: list[str]


class Made(msgspec.Struct, frozen=True):
    """A credential that was just made."""

    id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    aaguid: str
    is_backed_up: bool


class Signer(msgspec.Struct, frozen=True):
    """Whose signature it must be."""

    user_id: str
    public_key: bytes


class Signed(msgspec.Struct, frozen=True):
    """What a good signature says."""

    sign_count: int
    is_backed_up: bool


def site_of(call: Reading) -> Site | None:
    """What passkeys are bound to here; None where browsers take none (no TLS, no name)."""
    parts = urlsplit(call.public_url)
    host = (parts.hostname or "").lower()
    is_secret = parts.scheme == "https" or host == _LOCAL or host.endswith(f".{_LOCAL}")
    if not host or not is_secret or _is_address(host):
        return None
    port = f":{parts.port}" if parts.port else ""
    return Site(host, f"{parts.scheme}://{host}{port}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _site(call: Reading) -> Site:
    site = site_of(call)
    if site is None:
        raise Problem(400, "Passkeys need an address of this server that begins with https")
    return site


async def _load() -> None:
    if "webauthn" not in sys.modules:
        await asyncio.to_thread(importlib.import_module, "webauthn")


def challenge_of(call: Reading, challenge: str) -> bytes:
    """What is to be signed of a challenge."""
    return call.keyring.digest(f"challenge\0{challenge}")


async def registration(  # noqa: PLR0913, PLR0917 - WebAuthn names a user in three ways
    call: Reading, challenge: str, user_id: str, login: str, name: str, known: Sequence[Descriptor]
) -> str:
    """What a browser needs to make a passkey, as JSON. Raises Problem 400."""
    await _load()
    from webauthn import generate_registration_options, options_to_json  # noqa: PLC0415 - see above
    from webauthn.helpers import structs  # noqa: PLC0415 - likewise

    options = generate_registration_options(
        rp_id=_site(call).id,
        rp_name=NAME,
        user_id=handle_of(user_id),
        user_name=login,
        user_display_name=name,
        challenge=challenge_of(call, challenge),
        timeout=TIMEOUT,
        exclude_credentials=_descriptors(known),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        ),
    )
    return options_to_json(options)


async def authentication(
    call: Reading, challenge: str, known: Sequence[Descriptor], *, alone: bool
) -> str:
    """What a browser needs to sign with a passkey, as JSON. Raises Problem 400.

    Where it is the only factor, the browser must make sure that it is its owner who signs.
    """
    await _load()
    from webauthn import (  # noqa: PLC0415 - see above
        generate_authentication_options,
        options_to_json,
    )
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415 - likewise

    wanted = (
        UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED
    )
    options = generate_authentication_options(
        rp_id=_site(call).id,
        challenge=challenge_of(call, challenge),
        timeout=TIMEOUT,
        allow_credentials=_descriptors(known),
        user_verification=wanted,
    )
    return options_to_json(options)


def _descriptors(known: Sequence[Descriptor]) -> "list[PublicKeyCredentialDescriptor]":
    from webauthn.helpers import structs  # noqa: PLC0415 - see above

    return [
        structs.PublicKeyCredentialDescriptor(
            id=one.id, transports=[structs.AuthenticatorTransport(name) for name in one.transports]
        )
        for one in known
    ]


def handle_of(user_id: str) -> bytes:
    """By which a passkey names its user: random, and nothing personal."""
    return user_id.encode()


def read_answer(text: str) -> dict[str, Any]:
    """What a browser sent. Raises Problem 400."""
    try:
        if len(text) <= LONGEST_ANSWER:
            return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        pass
    raise Problem(400, "The browser's answer about the passkey can't be read")


def credential_id(answer: dict[str, Any]) -> bytes:
    """Which credential an answer is of; nothing if it does not tell."""
    given = answer.get("rawId")
    if not isinstance(given, str):
        return b""
    try:
        return base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))
    except ValueError:
        return b""


async def check_registration(call: Reading, challenge: str, answer: dict[str, Any]) -> Made | None:
    """The credential that a browser made for a challenge; None if it did not."""
    await _load()
    from webauthn import verify_registration_response  # noqa: PLC0415 - see above
    from webauthn.helpers import parse_registration_credential_json  # noqa: PLC0415 - likewise

    site = _site(call)
    try:
        credential = parse_registration_credential_json(answer)
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge_of(call, challenge),
            expected_rp_id=site.id,
            expected_origin=site.origin,
        )
    except Exception:  # noqa: BLE001 - what bytes of strangers lead the library to has no end
        return None
    if len(made.credential_id) > LONGEST_ID or _is_framed(credential.response.client_data_json):
        return None
    transports = [one.value for one in credential.response.transports or []]
    return Made(
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        transports,
        made.aaguid,
        made.credential_backed_up,
    )


async def check_signature(
    call: Reading, challenge: str, answer: dict[str, Any], signer: Signer, *, alone: bool
) -> Signed | None:
    """What a credential of a user's says, signed for a challenge; None if it is not."""
    await _load()
    from webauthn import verify_authentication_response  # noqa: PLC0415 - see above
    from webauthn.helpers import parse_authentication_credential_json  # noqa: PLC0415 - likewise

    site = _site(call)
    try:
        credential = parse_authentication_credential_json(answer)
        signed = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge_of(call, challenge),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=signer.public_key,
            # Compared by whoever stores it, once the signature is known to be good.
            credential_current_sign_count=0,
            require_user_verification=alone,
        )
    except Exception:  # noqa: BLE001 - what bytes of strangers lead the library to has no end
        return None
    if _is_framed(credential.response.client_data_json):
        return None
    handle = credential.response.user_handle
    # A browser that chose among several accounts must say which (WebAuthn §7.2, 6).
    if (handle is None and alone) or handle not in {None, handle_of(signer.user_id)}:
        return None
    return Signed(signed.new_sign_count, signed.credential_backed_up)


def _is_framed(client_data: bytes) -> bool:
    """Whether another site's page held this server's in itself (WebAuthn §7.1, 10; §7.2, 14)."""
    from webauthn.helpers import parse_client_data_json  # noqa: PLC0415 - see above

    return bool(parse_client_data_json(client_data).cross_origin)
