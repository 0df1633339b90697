"""The outbox: what a change causes outside is a row of the same commit, delivered afterwards."""

from typing import TYPE_CHECKING, Any

import msgspec

from tenantry.core.context import Writing
from tenantry.core.ids import id_at

if TYPE_CHECKING:
    from collections.abc import Mapping


def post(call: Writing, kind: str, **payload: Any) -> None:
    """Put a letter into the outbox; it leaves when, and only if, the unit commits.

    The payload is stored: it holds ids, never a secret (see `Keyring.code_for`).
    """
    body: Mapping[str, Any] = payload
    call.unit.added.letters.append(
        {
            # Milliseconds: letters of one time lie side by side, on few pages.
            "id": id_at(call.now // 1000),
            "customer_id": call.customer_id or None,
            "kind": kind,
            "payload": msgspec.json.encode(body).decode(),
            "due_at": call.now,
            "attempts": 0,
            "last_error": None,
            "failed_at": None,
            "created_at": call.now,
        }
    )
