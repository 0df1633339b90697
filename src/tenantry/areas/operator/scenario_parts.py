"""What the rows of a scenario are made of: ids, names, references to other rows."""

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

# `$` alone would also match before a line feed at the end.
ID_PATTERN = r"^[0-9A-Za-z]{1,64}$(?!\n)"
SECRET_PATTERN = r"^[0-9A-Za-z_-]{16,128}$(?!\n)"  # noqa: S105 - what a secret looks like

Id = Annotated[str, Meta(pattern=ID_PATTERN, description="Fixed id; a random one if left out")]
Secret = Annotated[
    str,
    Meta(
        pattern=SECRET_PATTERN,
        description="The secret that clients send as Fastly-Key; a random one if left out",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(max_length=4096)]
Comment = Annotated[str, Meta(max_length=10_000)]
UserRef = Annotated[
    str, Meta(min_length=1, max_length=255, description="A user of this customer: login or id")
]
ServiceRef = Annotated[
    str, Meta(min_length=1, max_length=255, description="A service of this customer: name or id")
]
RoleRef = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        description="A role: a built-in one's name, or the name or id of one of this customer's",
    ),
]
ServiceGroupRef = Annotated[
    str,
    Meta(min_length=1, max_length=255, description="A service group of this customer: name or id"),
]
InvitationRef = Annotated[
    str,
    Meta(min_length=1, max_length=255, description="An invitation of this customer: e-mail or id"),
]
Description = Annotated[str, Meta(max_length=1000)]
Scope = Annotated[
    str,
    Meta(description="global, global:read, purge_all, purge_select; several between blanks"),
]
Expiry = Annotated[
    str, Meta(description="When it expires (RFC 3339); the past makes an expired token")
]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """What a scenario lists."""

    said: ClassVar[frozenset[str]] = frozenset()
    """The keys that stand in the file: a default that is said differs from what is left out."""


def note_said(values: Any, read: Any) -> None:
    """Keep with each row what the file says of it."""
    if isinstance(read, list):
        for one, row in zip(values, read, strict=True):
            note_said(one, row)
    elif isinstance(read, Row):
        msgspec.structs.force_setattr(read, "said", frozenset(values))
        for name, one in values.items():
            note_said(one, getattr(read, name, None))


class BadScenario(ValueError):
    """A scenario that can't be loaded; its text names the place and says why, in one line."""

    def __init__(self, place: str, why: str) -> None:
        """`place` as in `customers[0].users[2].role`; empty for the file as a whole."""
        super().__init__(" ".join(f"{place}: {why}".split()) if place else " ".join(why.split()))
        self.place, self.why = place, why
