"""Whose usage somebody is shown: that of the services whose statistics he may see."""

from tenantry.access.decide import rights
from tenantry.core.context import Grants

_PERMISSION = "service.stats"


def services_of(grants: Grants) -> frozenset[str] | None:
    """The services whose statistics these grants let see; None for all, and what has no service."""
    held = rights(grants)
    if _PERMISSION in held.everywhere:
        return held.visible
    some = frozenset[str]().union(
        *(services for permissions, services in held.on.items() if _PERMISSION in permissions)
    )
    return some if held.visible is None else some & held.visible
