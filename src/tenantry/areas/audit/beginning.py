"""Where what is left of a log begins: behind its newest archive, if that is signed."""

from sqlalchemy import bindparam, select

from tenantry.areas.audit.archive_checks import COLUMNS
from tenantry.areas.audit.archive_files import Archive
from tenantry.core.checkpoint_tables import checkpoints
from tenantry.core.retention_tables import archives
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.verify_audit import Place, Wrong

_A, _C = archives.c, checkpoints.c
_NEWEST = Statement(
    select(*COLUMNS)
    .where(_A.customer_id == bindparam("customer"), _A.pruned_at.is_not(None))
    .order_by(_A.last.desc())
    .limit(1)
)
_SIGNED = Statement(
    select(_C.hash).where(_C.customer_id == bindparam("customer"), _C.sequence == bindparam("at"))
)


async def begins(rows: Reads, customer_id: str) -> Place:
    """Where what is left of a log begins. Raises Wrong if nothing signed stands for the rest."""
    found = await rows.one(_NEWEST, customer=customer_id)
    if found is None:
        return Place(customer_id=customer_id)
    archive = Archive(*found)
    signed = await rows.one(_SIGNED, customer=customer_id, at=archive.last)
    if signed is None or bytes(signed[0]) != bytes(archive.hash):
        message = f"events up to {archive.last} were archived, but no checkpoint stands for them"
        raise Wrong(message)
    return archive.end
