"""Who somebody is whom a provider has sent: a user, found, linked or made (access §10.2).

By the provider's own name for him, which never changes hands; the first time by his mail address,
in a domain that is the customer's; and if nobody has it, he may be made a user. His roles follow
his groups at each sign-in.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select, update

from tenantry.access.holdings import custom_roles
from tenantry.areas.customers import single_sign_on
from tenantry.areas.federation.domains import owner_of
from tenantry.areas.federation.id_token import Claims
from tenantry.areas.federation.provider import ProviderRow
from tenantry.areas.federation.role_map import groups_in, roles_of
from tenantry.areas.users import model as users
from tenantry.areas.users.agreement import in_agreement
from tenantry.areas.users.model import LIMITABLE, UserRow
from tenantry.core import audit
from tenantry.core.context import Writing
from tenantry.core.mail_address import checked_address
from tenantry.core.permissions import ROLE_IDS, ROLE_OF_ID
from tenantry.core.security_tables import federated_identities
from tenantry.core.statements import Statement

LONGEST_NAME = 255

_F = federated_identities.c
_FIND = Statement(
    select(_F.user_id).where(
        _F.customer_id == bindparam("customer_id"),
        _F.issuer == bindparam("issuer"),
        _F.subject == bindparam("subject"),
    )
)
_LINKED = Statement(
    select(_F.subject).where(
        _F.customer_id == bindparam("customer_id"),
        _F.user_id == bindparam("user_id"),
        _F.issuer == bindparam("issuer"),
    )
)
_LINK = Statement(insert(federated_identities))
_SEE = Statement(
    update(federated_identities)
    .where(
        _F.customer_id == bindparam("customer"),
        _F.issuer == bindparam("of_issuer"),
        _F.subject == bindparam("of_subject"),
    )
    .values(seen_at=bindparam("at"))
)


class Stranger(Exception):
    """Nobody comes in as this person; why, as a sentence for him."""


async def admit(call: Writing, provider: ProviderRow, claims: Claims) -> UserRow:
    """The user that somebody is, with the roles that he is to have.

    Raises Stranger before anything is changed.
    """
    subject: str = claims["sub"]
    named = {"customer_id": provider.customer_id, "issuer": provider.issuer, "subject": subject}
    found = await call.one(_FIND, **named)
    wanted = await _wanted_roles(call, provider, claims)
    if found is None:
        return await _admit_first(call, provider, claims, wanted)
    row = await users.find(call, str(found[0]))
    await _check_not_owner(call, row)
    row = await _keep_in_step(call, provider, row, wanted)
    await call.run(
        _SEE,
        customer=provider.customer_id,
        of_issuer=provider.issuer,
        of_subject=subject,
        at=call.now,
    )
    return row


async def _admit_first(
    call: Writing, provider: ProviderRow, claims: Claims, wanted: Sequence[str]
) -> UserRow:
    """Somebody who comes this way for the first time. Raises Stranger."""
    address = await _proved_address(call, claims)
    row = await users.find_by_login(call, address)
    if row is None:
        row = await _made(call, provider, claims, wanted)
    else:
        await _check_linkable(call, provider, row, address)
        row = await _keep_in_step(call, provider, row, wanted)
    await call.run(
        _LINK,
        customer_id=row.customer_id,
        issuer=provider.issuer,
        subject=claims["sub"],
        user_id=row.id,
        created_at=call.now,
        seen_at=call.now,
    )
    about = {"user_id": row.id, "identity_provider_id": provider.id, "issuer": provider.issuer}
    await _record(call, "user.link", f"User '{row.login}' was linked to '{provider.name}'", about)
    return row


async def _proved_address(call: Writing, claims: Claims) -> str:
    """The mail address, if provider and customer may speak for it. Raises Stranger."""
    address, is_verified = claims.get("email"), claims.get("email_verified")
    if not isinstance(address, str) or not address.strip():
        raise Stranger("Your identity provider does not say what your e-mail address is.")
    if is_verified is not True and is_verified != "true":
        raise Stranger("Your identity provider has not verified your e-mail address.")
    try:
        address = checked_address(address)
    except ValueError as problem:
        raise Stranger("Your identity provider names an e-mail address that is none.") from problem
    if await owner_of(call, address) != call.customer_id:
        raise Stranger("Your e-mail address is in a domain that does not belong to this account.")
    return address


async def _check_linkable(call: Writing, provider: ProviderRow, row: UserRow, address: str) -> None:
    """Refuse to become a user who is somebody else. Raises Stranger."""
    # By a key of old (migration 0012) somebody else may be found than whose address it is.
    is_his = users.login_key(row.login) == users.login_key(address)
    if row.customer_id != call.customer_id or not is_his:
        raise Stranger("Your e-mail address belongs to a user of another account.")
    await _check_not_owner(call, row)
    linked = await call.one(
        _LINKED, customer_id=row.customer_id, user_id=row.id, issuer=provider.issuer
    )
    if linked is not None:
        # An address that was given to somebody new must not open what was the old one's.
        raise Stranger("Your e-mail address belongs to a user who signs in as somebody else.")


async def _check_not_owner(call: Writing, row: UserRow) -> None:
    """Refuse to speak for the owner, also for who became it. Raises Stranger.

    Any superuser may connect a provider, and would become the owner by it.
    """
    if await users.is_owner(call, row.id):
        raise Stranger("The owner of an account signs in with a password.")


async def _wanted_roles(call: Writing, provider: ProviderRow, claims: Claims) -> list[str]:
    """The roles that the map gives, as far as they still exist."""
    groups = groups_in(claims, provider.groups_claim) if provider.groups_claim else []
    wanted = roles_of(groups, provider.roles_by_group, provider.default_role)
    own = await custom_roles(
        call.rows, call.customer_id, [one for one in wanted if one not in ROLE_OF_ID]
    )
    return [one for one in wanted if one in ROLE_OF_ID or one in own] or [ROLE_IDS["user"]]


async def _made(
    call: Writing, provider: ProviderRow, claims: Claims, wanted: Sequence[str]
) -> UserRow:
    if not provider.creates_users:
        raise Stranger("You have no user in this account yet: ask an administrator for one.")
    address: str = claims["email"].strip()
    name = claims.get("name")
    text = "".join(one for one in name if one.isprintable()) if isinstance(name, str) else ""
    new = users.NewUser(
        login=address, name=text.strip()[:LONGEST_NAME] or address, roles=list(wanted)
    )
    return await users.add(call, new)


async def _keep_in_step(
    call: Writing, provider: ProviderRow, row: UserRow, wanted: Sequence[str]
) -> UserRow:
    """Give a user the roles of his groups, and no others. Raises Stranger."""
    if provider.groups_claim is None or set(users.role_ids(row)) == set(wanted):
        return row
    role, roles = in_agreement(wanted)
    limited = row.limit_services and role != "superuser"
    named = (ROLE_OF_ID[one] for one in wanted if one in ROLE_OF_ID)
    if limited and not all(one in LIMITABLE for one in named):
        raise Stranger(
            "Your groups give you a role that can't be limited to services, and your user is: "
            "ask an administrator to lift the limit."
        )
    changed = msgspec.structs.replace(
        row, role=role, roles=roles, limit_services=limited, updated_at=call.now
    )
    await users.store(call, changed)
    await audit.record(
        call,
        "user.update",
        f"User '{row.login}' was updated",
        metadata={
            "user_id": row.id,
            "identity_provider_id": provider.id,
            "old": {"role": row.role, "roles": users.role_ids(row)},
            "new": {"role": role, "roles": users.role_ids(changed)},
        },
        rows=[users.revision(changed)],
    )
    if row.role == "superuser" != changed.role:
        await single_sign_on.withdraw_bypass(call, row.id)
    return changed


async def note_failure(call: Writing, provider: ProviderRow, reason: str) -> None:
    """Tell the customer's log that somebody did not get in, and why."""
    about = {"identity_provider_id": provider.id, "reason": reason}
    sentence = f"A sign-in by '{provider.name}' failed"
    await audit.record(call, "user.login_failure", sentence, metadata=about)


async def _record(call: Writing, action: str, sentence: str, about: Mapping[str, Any]) -> None:
    await audit.record(
        call, action, sentence, event_type="user.update", metadata={"action": action, **about}
    )
