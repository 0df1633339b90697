"""What is asked about access, and what is answered: the question, and the verdict with reasons."""

from functools import lru_cache
from typing import Literal

import msgspec

from tenantry.access.comparison import Everywhere, Held
from tenantry.core.permissions import GRANTS, SERVICE_PERMISSIONS

FORMS = frozenset[str]().union(*GRANTS.values())
"""Every permission there is, in all its forms."""

ABOUT_OTHERS = "user.read:full"
"""Who holds it may ask about others, and is told what a change would do to them."""


@lru_cache(maxsize=len(FORMS))
def family(permission: str) -> frozenset[str]:
    """A permission in all its forms, whichever of them it is."""
    plain = permission.partition(":")[0]
    return frozenset(one for one in FORMS if one.partition(":")[0] == plain)


Obstruction = Literal[
    "authorization",
    "customer_closed",
    "form",
    "missing",
    "out_of_sight",
    "people_only",
    "service_missing",
    "token_expired",
    "token_missing",
    "token_scope",
    "token_services",
    "user_limit",
    "user_locked",
    "user_missing",
]


Status = Literal[200, 401, 403, 404]


class Subject(msgspec.Struct, frozen=True):
    """Who is asked about: a user, whatever key he comes with, or the bearer of a token."""

    kind: Literal["user", "token"]
    id: str


class Question(msgspec.Struct, frozen=True):
    """Whether somebody holds a permission, on a service where it is a service's."""

    subject: Subject
    permission: str
    service_id: str | None = None

    @property
    def family(self) -> frozenset[str]:
        """The permission in all its forms."""
        return family(self.permission)

    @property
    def is_of_service(self) -> bool:
        """Whether it is a permission that is held on single services."""
        return self.permission in SERVICE_PERMISSIONS

    def is_on(self, services: frozenset[str] | None) -> bool:
        """Whether what is held on these services is held where it is asked for; None: anywhere."""
        if services is None:
            return True
        return bool(services) if self.service_id is None else self.service_id in services


class Named(msgspec.Struct, frozen=True):
    """A role or a group."""

    id: str
    name: str
    """As it was called then."""


class Way(msgspec.Struct, frozen=True):
    """One source of the permission."""

    role: Named
    """The role that confers it."""
    permissions: list[str]
    """The forms in which it does."""
    services: list[str] | Everywhere | None
    """The services on which it does, `*` for all; null for a permission on the account."""
    group: Named | None
    """The user group that the role is held by; null: it is held directly."""
    service_group: Named | None
    """The service group that names the services."""
    authorization: str | None
    """The permission of the service authorizations that let the role through."""
    summary: str
    """All that in a few words."""


class Obstacle(msgspec.Struct, frozen=True):
    """Something that is missing, or takes the permission away."""

    reason: Obstruction
    summary: str
    """The same in a sentence."""


Measure = Literal[
    "authorization",
    "group",
    "limit_services",
    "role",
    "service_group",
    "token",
    "unlock",
]


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change, named so that a program can make it."""

    measure: Measure
    summary: str
    """The change in a sentence."""
    role_id: str = ""
    """A role to be given."""
    group_id: str = ""
    """A user group to be joined."""
    service_group_id: str = ""
    """A service group that the service is to be put into."""
    permission: str = ""
    """The permission of a service authorization, to be created or changed."""


class Remedy(msgspec.Struct, frozen=True):
    """Changes that, made together, would allow it."""

    steps: list[Step]
    gives: Held
    """All that they would give, the permission itself included."""


class Policy(msgspec.Struct, frozen=True):
    """A rule of the account's that may refuse all the same."""

    name: str
    value: str
    summary: str
    """What it does."""


class Verdict(msgspec.Struct, frozen=True):
    """The answer to a question, and everything that led to it."""

    allowed: bool
    status: Status
    """What a call that needs the permission is answered: 401 where the key opens nothing, 404
    where the service is not there for the caller."""
    summary: str
    """The answer in a sentence."""
    held: list[str]
    """The forms of the permission that are held in effect."""
    ways: list[Way]
    """Every source of it, before the token's own limits."""
    obstacles: list[Obstacle]
    """What stands in the way; none if it is allowed."""
    policies: list[Policy]
    remedies: list[Remedy]
    """What would change a refusal, the narrowest first."""
