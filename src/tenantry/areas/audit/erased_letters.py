"""Taking an erased person out of the letters that wait in the outbox, or could not be delivered."""

import msgspec
from sqlalchemy import bindparam, delete, select, update

from tenantry.areas.audit.traces import Person
from tenantry.core import schema
from tenantry.core.context import Writing
from tenantry.core.statements import Statement, is_one_of

_O = schema.outbox.c
_LETTERS = Statement(
    select(_O.id, _O.payload, _O.failed_at).where(_O.customer_id == bindparam("customer"))
)
_FORGET = Statement(delete(schema.outbox).where(is_one_of(_O.id, "ids")))
_BLANK = Statement(
    update(schema.outbox).where(_O.id == bindparam("letter")).values(payload=bindparam("rest"))
)


async def forget_letters(call: Writing, customer_id: str, person: Person) -> int:
    """Take away letters to him, and those that name him and could not be delivered; how many.

    Those that are still to be delivered leave without the name of whoever had them sent.
    """
    gone, blanked = [], []
    for letter_id, payload, failed_at in await call.all(_LETTERS, customer=customer_id):
        letter = msgspec.json.decode(payload)
        facts = letter.get("facts", {})
        is_his = person.is_called(facts.get("inviter_name") or "")
        names_him = failed_at is not None and person.is_named(payload, is_near=False)
        if person.has_address(str(letter.get("to", ""))) or names_him or (is_his and failed_at):
            gone.append(letter_id)
        elif is_his:
            rest = {**letter, "facts": {**facts, "inviter_name": None}}
            blanked.append({"letter": letter_id, "rest": msgspec.json.encode(rest).decode()})
    if gone:
        await call.run(_FORGET, ids=gone)
    await call.run_many(_BLANK, blanked)
    return len(gone) + len(blanked)
