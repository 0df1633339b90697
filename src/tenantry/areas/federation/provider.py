"""What an identity provider is, and what it may be set to."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.federation import issuer as issuers
from tenantry.areas.federation.fetching import Failed, checked_url
from tenantry.areas.federation.role_map import check_default_role, check_map, role_name
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request

MOST_SCOPES = 20
LONGEST = 255
LONGEST_SECRET = 1024
PURPOSE = "identity provider"
"""What client secrets are sealed for."""


class ProviderRow(msgspec.Struct, array_like=True, frozen=True):
    """A provider as it is stored; its secret is sealed, and empty where it has none."""

    customer_id: str
    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: str
    is_enabled: bool
    creates_users: bool
    default_role: str
    groups_claim: str | None
    role_map: str
    checked_at: int | None
    created_at: int
    updated_at: int

    @property
    def roles_by_group(self) -> dict[str, str]:
        """The role map."""
        roles: dict[str, str] = msgspec.json.decode(self.role_map)
        return roles


class ProviderChange(msgspec.Struct, kw_only=True):
    """What can be set; what is left out stays as it is, or as it is at first."""

    name: str | UnsetType = UNSET
    issuer: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType | None = UNSET
    """Never told again; null or nothing for a client that has none."""
    scopes: list[str] | UnsetType = UNSET
    is_enabled: bool | UnsetType = UNSET
    creates_users: bool | UnsetType = UNSET
    default_role: str | UnsetType = UNSET
    groups_claim: str | UnsetType | None = UNSET
    role_map: dict[str, str] | UnsetType = UNSET


async def changed_provider(call: Writing, row: ProviderRow, asked: ProviderChange) -> ProviderRow:
    """The row as it is asked for. Raises Problem 400, 403, 404."""
    given = {
        name: value
        for name in ProviderChange.__struct_fields__
        if (value := getattr(asked, name)) is not UNSET
    }
    for name in ("name", "issuer", "client_id", "groups_claim"):
        if given.get(name) is not None:
            given[name] = _checked_text(name, given[name])
    if "issuer" in given:
        _check_issuer(call, given["issuer"])
        _check_secret_stays(row, given)
    if "client_secret" in given:
        given["client_secret"] = _sealed(call, row.id, given["client_secret"] or "")
    if "scopes" in given:
        given["scopes"] = _checked_scopes(given["scopes"])
    if given.get("groups_claim") == "":
        given["groups_claim"] = None
    await _check_roles(call, row, given)
    changed = msgspec.structs.replace(row, **given)
    if changed.is_enabled and not changed.client_id:
        raise bad_request("Client id is required before the provider can be enabled")
    return changed


async def _check_roles(call: Writing, row: ProviderRow, given: dict[str, Any]) -> None:
    """Put what confers roles as it is stored. What is stored already is not asked again."""
    if "role_map" in given:
        roles = {group: role_name(role) for group, role in given["role_map"].items()}
        if roles != row.roles_by_group:
            await check_map(call, roles)
        given["role_map"] = _as_json(roles)
    if "default_role" in given:
        given["default_role"] = role_name(given["default_role"])
        if given["default_role"] != row.default_role:
            await check_default_role(call, given["default_role"])


def _checked_text(name: str, text: str) -> str:
    text, may_be_empty = text.strip(), name in {"client_id", "groups_claim"}
    if len(text) > LONGEST or not (text or may_be_empty) or not (text.isprintable()):
        label = name.replace("_", " ").capitalize()
        detail = f"{label} must have 1 to {LONGEST} characters"
        raise bad_request(detail)
    return text


def _check_secret_stays(row: ProviderRow, given: Mapping[str, Any]) -> None:
    """No other server is sent the secret: whoever named his own would learn what nobody is told."""
    if row.client_secret and given["issuer"] != row.issuer and "client_secret" not in given:
        raise bad_request("Client secret is required anew where the issuer is another one")


def _check_issuer(call: Reading, text: str) -> None:
    try:
        url = checked_url(text, call.provider_networks)
    except Failed as failure:
        detail = f"Issuer {failure}"
        raise bad_request(detail) from failure
    if url.query:
        raise bad_request("Issuer must not have a query")
    issuers.forget(text)


def _checked_scopes(scopes: list[str]) -> str:
    are_words = all(
        one.isascii() and one.isprintable() and not set(one) & set(' "\\') for one in scopes
    )
    if len(scopes) > MOST_SCOPES or not are_words or sum(map(len, scopes)) > LONGEST:
        detail = f"Scopes must be at most {MOST_SCOPES} words"
        raise bad_request(detail)
    return " ".join(dict.fromkeys(["openid", *scopes]))


def _sealed(call: Writing, provider_id: str, secret: str) -> str:
    if not secret:
        return ""
    if len(secret) > LONGEST_SECRET:
        detail = f"Client secret must have at most {LONGEST_SECRET} characters"
        raise bad_request(detail)
    return call.keyring.seal(PURPOSE, provider_id, secret.encode())


def secret_of(call: Reading, row: ProviderRow) -> str:
    """The client secret in clear, to be sent to the provider; empty if there is none.

    Raises Failed if it was sealed with an earlier secret key (decision 7).
    """
    if not row.client_secret:
        return ""
    try:
        return call.keyring.unseal(PURPOSE, row.id, row.client_secret).decode()
    except ValueError as problem:
        raise Failed("can't be asked before its client secret is given anew") from problem


def _as_json(role_map: Mapping[str, str]) -> str:
    return msgspec.json.encode(role_map, order="sorted").decode()
