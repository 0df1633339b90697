"""How the versions of services are reached (contract: identity §10.3)."""

from collections.abc import Awaitable, Callable

import msgspec

from tenantry.areas.services import model, versions
from tenantry.areas.services.shapes import Version, shown_version
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_found
from tenantry.http.body import Body
from tenantry.http.operation import OK, Status, on_service, operation
from tenantry.http.wire import LEGACY

READ, CONFIGURE = "service.read", "service.configure"
PRODUCTION = "production"
"""The only environment there is (contract: identity §10.3)."""


class BegunVersion(msgspec.Struct):
    """A new version, as short as it was recorded."""

    comment: str
    service_id: str
    number: int


@operation("GET /service/{service_id}/version", allow=on_service(READ), wire=LEGACY)
async def list_service_versions(call: Reading, service_id: str) -> list[Version]:
    """The versions of a service, by number."""
    service = await model.reach(call, service_id, READ)
    return [shown_version(row) for row in await versions.list_of(call, service.id)]


@operation("POST /service/{service_id}/version", allow=on_service(CONFIGURE), wire=LEGACY)
async def create_service_version(
    call: Writing, service_id: str, body: Body[versions.NewVersion]
) -> BegunVersion:
    """Begin a version."""
    service = await model.reach_living(call, service_id, CONFIGURE)
    row = await versions.begin(call, service.id, body())
    return BegunVersion(comment=row.comment, service_id=row.service_id, number=row.number)


@operation("GET /service/{service_id}/version/{version_id}", allow=on_service(READ), wire=LEGACY)
async def get_service_version(call: Reading, service_id: str, version_id: str) -> Version:
    """One version."""
    service = await model.reach(call, service_id, READ)
    return shown_version(await versions.find(call, service.id, version_id))


@operation(
    "PUT /service/{service_id}/version/{version_id}", allow=on_service(CONFIGURE), wire=LEGACY
)
async def update_service_version(
    call: Writing, service_id: str, version_id: str, body: Body[versions.VersionChange]
) -> Version:
    """Comment on a version that is not locked."""
    service = await model.reach_living(call, service_id, CONFIGURE)
    row = await versions.find(call, service.id, version_id)
    return shown_version(await versions.change(call, row, body()))


@operation(
    "PUT /service/{service_id}/version/{version_id}/activate",
    allow=on_service(CONFIGURE),
    wire=LEGACY,
)
async def activate_service_version(call: Writing, service_id: str, version_id: str) -> Version:
    """Make a version the active one."""
    return await _turn(call, service_id, version_id, versions.activate)


@operation(
    "PUT /service/{service_id}/version/{version_id}/activate/{environment_name}",
    allow=on_service(CONFIGURE),
    wire=LEGACY,
)
async def activate_service_version_environment(
    call: Writing, service_id: str, version_id: str, environment_name: str
) -> Version:
    """Make a version the active one in an environment: only production is there."""
    return await _turn(call, service_id, version_id, versions.activate, environment_name)


@operation(
    "PUT /service/{service_id}/version/{version_id}/deactivate",
    allow=on_service(CONFIGURE),
    wire=LEGACY,
)
async def deactivate_service_version(call: Writing, service_id: str, version_id: str) -> Version:
    """Switch the active version off."""
    return await _turn(call, service_id, version_id, versions.deactivate)


@operation(
    "PUT /service/{service_id}/version/{version_id}/deactivate/{environment_name}",
    allow=on_service(CONFIGURE),
    wire=LEGACY,
)
async def deactivate_service_version_environment(
    call: Writing, service_id: str, version_id: str, environment_name: str
) -> Version:
    """Switch the active version of an environment off: only production is there."""
    return await _turn(call, service_id, version_id, versions.deactivate, environment_name)


@operation(
    "PUT /service/{service_id}/version/{version_id}/clone", allow=on_service(CONFIGURE), wire=LEGACY
)
async def clone_service_version(call: Writing, service_id: str, version_id: str) -> Version:
    """Copy a version to a new, unlocked one."""
    return await _turn(call, service_id, version_id, versions.clone)


@operation(
    "PUT /service/{service_id}/version/{version_id}/lock", allow=on_service(CONFIGURE), wire=LEGACY
)
async def lock_service_version(call: Writing, service_id: str, version_id: str) -> Version:
    """Lock a version."""
    return await _turn(call, service_id, version_id, versions.lock)


async def _turn(
    call: Writing,
    service_id: str,
    version_id: str,
    verb: Callable[[Writing, str, str], Awaitable[versions.VersionRow]],
    environment: str = PRODUCTION,
) -> Version:
    """Do to a version what needs no body. Raises Problem 403, 404."""
    service = await model.reach_living(call, service_id, CONFIGURE)
    if environment != PRODUCTION:
        raise not_found("environment", environment)
    return shown_version(await verb(call, service.id, version_id))


@operation(
    "GET /service/{service_id}/version/{version_id}/validate", allow=on_service(READ), wire=LEGACY
)
async def validate_service_version(call: Reading, service_id: str, version_id: str) -> Status:
    """Whether a version could be activated: always, since it holds nothing that could be wrong."""
    service = await model.reach(call, service_id, READ)
    await versions.find(call, service.id, version_id)
    return OK
