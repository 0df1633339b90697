"""Services and versions as the wire shows them (contract: identity §10.1).

Which keys an endpoint tells is recorded, and differs: hence a shape for each.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.services.model import ServiceRow
from tenantry.areas.services.versions import VersionRow, current, latest_draft
from tenantry.core.clock import shown, shown_or_none
from tenantry.http.message import Query

VCL_PARTS = (
    "acls",
    "cache_settings",
    "conditions",
    "dictionaries",
    "directors",
    "gzips",
    "headers",
    "request_settings",
    "response_objects",
    "snippets",
    "vcls",
    "wordpress",
)


class Environment(msgspec.Struct):
    """Where a version is active."""

    name: str
    service_id: str
    active_version: int


class Version(msgspec.Struct):
    """A version."""

    service_id: str
    number: int
    active: bool
    locked: bool
    testing: bool
    staging: bool
    deployed: bool
    comment: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    environments: list[Environment]


class Settings(msgspec.Struct, rename=lambda name: f"general.{name}"):
    """A version's settings: the defaults."""

    default_ttl: int = 3600
    stale_if_error_ttl: int = 43200
    stale_if_error: bool = False
    default_pci: int = 0
    default_host: str = ""


class VersionDetails(Version):
    """A version with what it configures: nothing, here. A `wasm` service's has three parts only."""

    backends: list[Any]
    domains: list[Any]
    healthchecks: list[Any]
    acls: list[Any] | UnsetType = UNSET
    cache_settings: list[Any] | UnsetType = UNSET
    conditions: list[Any] | UnsetType = UNSET
    dictionaries: list[Any] | UnsetType = UNSET
    directors: list[Any] | UnsetType = UNSET
    gzips: list[Any] | UnsetType = UNSET
    headers: list[Any] | UnsetType = UNSET
    request_settings: list[Any] | UnsetType = UNSET
    response_objects: list[Any] | UnsetType = UNSET
    snippets: list[Any] | UnsetType = UNSET
    vcls: list[Any] | UnsetType = UNSET
    wordpress: list[Any] | UnsetType = UNSET
    settings: Settings | UnsetType = UNSET


class FoundService(msgspec.Struct):
    """A service as a search finds it: what every endpoint tells."""

    id: str
    name: str
    type: str
    customer_id: str
    comment: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    versions: list[Version]
    environments: list[Environment]


class Service(FoundService):
    """A service."""

    paused: bool
    publish_key: str


class ListedService(FoundService):
    """A service in a list; `version` is the active one's number, else the highest."""

    paused: bool
    version: int


class ServiceDetails(FoundService):
    """A service with one version whole, and the active one."""

    version: VersionDetails
    active_version: VersionDetails | None


def shown_version(row: VersionRow) -> Version:
    """A version; nothing is ever staged, tested or deployed elsewhere."""
    return Version(
        service_id=row.service_id,
        number=row.number,
        active=row.active,
        locked=row.locked,
        testing=False,
        staging=False,
        deployed=False,
        comment=row.comment,
        created_at=shown(row.created_at),
        updated_at=shown(row.updated_at),
        deleted_at=shown_or_none(row.deleted_at),
        environments=_environments([row]),
    )


def _environments(rows: Sequence[VersionRow]) -> list[Environment]:
    return [Environment("production", row.service_id, row.number) for row in rows if row.active]


def found_service(row: ServiceRow, rows: Sequence[VersionRow], query: Query) -> FoundService:
    """A service with those of its versions that the query asks for."""
    return FoundService(**_common(row, rows, query))


def shown_service(
    row: ServiceRow, rows: Sequence[VersionRow], query: Query | None = None
) -> Service:
    """A service by itself."""
    return Service(**_common(row, rows, query), paused=False, publish_key="")


def listed_service(row: ServiceRow, rows: Sequence[VersionRow], query: Query) -> ListedService:
    """A service in a list."""
    return ListedService(**_common(row, rows, query), paused=False, version=current(rows).number)


def detailed_service(
    row: ServiceRow, rows: Sequence[VersionRow], chosen: VersionRow, query: Query
) -> ServiceDetails:
    """A service with one version whole."""
    active = next((version for version in rows if version.active), None)
    return ServiceDetails(
        **_common(row, rows, query),
        version=_whole(row, chosen),
        active_version=None if active is None else _whole(row, active),
    )


def _common(row: ServiceRow, rows: Sequence[VersionRow], query: Query | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "type": row.type,
        "customer_id": row.customer_id,
        "comment": row.comment,
        "created_at": shown(row.created_at),
        "updated_at": shown(row.updated_at),
        "deleted_at": shown_or_none(row.deleted_at),
        "versions": [shown_version(one) for one in _asked_for(rows, query)],
        "environments": _environments(rows),
    }


def _asked_for(rows: Sequence[VersionRow], query: Query | None) -> Sequence[VersionRow]:
    """The versions that filters leave; all, if none is left (identity §10.1)."""
    if query is None:
        return rows
    wanted: list[VersionRow] = []
    if _is_set(query, "active"):
        wanted += [row for row in rows if row.active]
    if _is_set(query, "latest_draft"):
        draft = latest_draft(rows)
        wanted += [] if draft is None else [draft]
    return sorted(wanted, key=lambda row: row.number) or rows


def _is_set(query: Query, name: str) -> bool:
    return (query.get(f"filter[versions.{name}]") or "").lower() in {"true", "1"}


def _whole(service: ServiceRow, row: VersionRow) -> VersionDetails:
    parts: dict[str, Any] = {"backends": [], "domains": [], "healthchecks": []}
    if service.type == "vcl":
        parts |= {name: [] for name in VCL_PARTS} | {"settings": Settings()}
    return VersionDetails(**msgspec.structs.asdict(shown_version(row)), **parts)
