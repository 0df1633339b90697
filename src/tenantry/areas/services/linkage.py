"""What links a user and a service, as JSON:API tells it: stars, service authorizations."""

from typing import Literal

import msgspec

from tenantry.core.errors import bad_request


class Linkage(msgspec.Struct):
    """What a relationship points at, as it is sent: perhaps with its type, or an empty one."""

    id: str
    type: str = ""


class Wrapped(msgspec.Struct):
    """A relationship in either of its spellings: in `data`, or bare (access §2.3)."""

    data: Linkage | None = None
    id: str = ""
    type: str = ""


class NewRelationships(msgspec.Struct):
    """A user and a service that are to be linked, or are."""

    service: Wrapped | None = None
    user: Wrapped | None = None


class ServiceLinkage(msgspec.Struct):
    """Points at a service."""

    id: str
    type: Literal["service"] = "service"


class UserLinkage(msgspec.Struct):
    """Points at a user."""

    id: str
    type: Literal["user"] = "user"


class ToService(msgspec.Struct):
    """The service that is meant."""

    data: ServiceLinkage


class ToUser(msgspec.Struct):
    """Whose it is."""

    data: UserLinkage


class Relationships(msgspec.Struct):
    """A user and a service, and what is between them."""

    service: ToService
    user: ToUser


def between(service_id: str, user_id: str) -> Relationships:
    """The links as they are told."""
    return Relationships(
        service=ToService(ServiceLinkage(service_id)), user=ToUser(UserLinkage(user_id))
    )


def linked(relationship: Wrapped | None, kind: str) -> str | None:
    """The id that a relationship names, if there is one. Raises Problem 400."""
    if relationship is None:
        return None
    linkage = relationship.data or relationship
    check_type(kind, linkage.type, kind)
    return linkage.id or None


def check_type(place: str, given: str, expected: str) -> None:
    """Refuse a wrong type; a missing or empty one is fine (access §2.3)."""
    if given not in {"", expected}:
        detail = f"The type of {place} must be '{expected}'"
        raise bad_request(detail)
