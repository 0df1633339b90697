"""The tables of access: roles, service authorizations, groups and invitations.

As in schema.py, a key starts with `customer_id`. A name is unique within its customer by its
folded form, `name_key`. Membership rows are pairs of ids, so that a cycle or a name that does not
exist can't even be written down.
"""

from sqlalchemy import Column, ForeignKeyConstraint, Index

from tenantry.core.columns import (
    digest,
    flag,
    instant,
    maybe_instant,
    maybe_text,
    metadata,
    only,
    table,
    text,
)

__all__ = ["metadata"]


def _named(name: str, *more: Column[str]) -> tuple[Column[int] | Column[str] | Index, ...]:
    """What the customer's own things with a name have in common."""
    return (
        text("customer_id"),
        text("id"),
        text("name"),
        text("name_key"),
        maybe_text("description"),
        *more,
        instant("created_at"),
        instant("updated_at"),
        Index(f"uq_{name}_name_key", "customer_id", "name_key", unique=True),
        Index(None, "customer_id", "created_at", "id"),
    )


# A role's permissions are a JSON list of names, in alphabetical order: they are read with the role
# and never looked up by.
roles = table("roles", *_named("roles", text("permissions")), key=("customer_id", "id"))

service_groups = table("service_groups", *_named("service_groups"), key=("customer_id", "id"))

user_groups = table("user_groups", *_named("user_groups"), key=("customer_id", "id"))


def _within(name: str, column: str, owner: str) -> ForeignKeyConstraint:
    """A row that goes with what it names."""
    return ForeignKeyConstraint(
        ["customer_id", column],
        [f"{owner}.customer_id", f"{owner}.id"],
        ondelete="CASCADE",
        name=f"fk_{name}_{column}",
    )


def _pairs(name: str, owner: str, member: str, *more: Column[str] | ForeignKeyConstraint) -> None:
    """Rows that put a member into a group, in the order in which they were added."""
    group = f"{owner}_id"
    table(
        name,
        text("customer_id"),
        text(group),
        text(member),
        *more,
        instant("added_at"),
        _within(name, group, f"{owner}s"),
        Index(None, "customer_id", member),
        Index(f"ix_{name}_added", "customer_id", group, "added_at", member),
        key=("customer_id", group, member),
    )


_pairs("service_group_services", "service_group", "service_id")
# A member is a user, or an invitation until the person invited takes its place.
_pairs("user_group_members", "user_group", "member_id", text("kind"))
_pairs("user_group_roles", "user_group", "role_id")
_pairs(
    "user_group_service_groups",
    "user_group",
    "service_group_id",
    _within("user_group_service_groups", "service_group_id", "service_groups"),
)
service_group_services = metadata.tables["service_group_services"]
user_group_members = metadata.tables["user_group_members"]
user_group_roles = metadata.tables["user_group_roles"]
user_group_service_groups = metadata.tables["user_group_service_groups"]

service_authorizations = table(
    "service_authorizations",
    text("customer_id"),
    text("id"),
    text("user_id"),
    text("service_id"),
    text("permission"),
    instant("created_at"),
    instant("updated_at"),
    Index("uq_service_authorizations_pair", "customer_id", "user_id", "service_id", unique=True),
    Index(None, "customer_id", "service_id"),
    Index(None, "customer_id", "created_at", "id"),
    key=("customer_id", "id"),
)

invitations = table(
    "invitations",
    text("customer_id"),
    text("id"),
    text("email"),
    text("email_key"),
    text("role"),
    text("roles"),
    flag("limit_services"),
    maybe_text("invited_by"),
    # pending, accepted, withdrawn or expired; the last follows from the clock, and is only
    # written down when the same person is invited again.
    text("status"),
    digest("digest"),
    instant("expires_at"),
    instant("created_at"),
    instant("updated_at"),
    maybe_instant("deleted_at"),
    Index("uq_invitations_digest", "digest", unique=True),
    # One person is invited once at a time.
    Index(
        "uq_invitations_email_key",
        "customer_id",
        "email_key",
        unique=True,
        **only("status = 'pending'"),
    ),
    Index(
        "ix_invitations_pending", "customer_id", "created_at", "id", **only("status = 'pending'")
    ),
    key=("customer_id", "id"),
)

service_invitations = table(
    "service_invitations",
    text("customer_id"),
    text("invitation_id"),
    text("id"),
    text("service_id"),
    text("permission"),
    Index(
        "uq_service_invitations_service",
        "customer_id",
        "invitation_id",
        "service_id",
        unique=True,
    ),
    Index(None, "customer_id", "service_id"),
    key=("customer_id", "invitation_id", "id"),
)
