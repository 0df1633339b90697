"""Whether a new password is good enough for who is to have it, and how it is refused."""

import msgspec

from tenantry.areas.users import guesses, model, passwords, pci_passwords, sign_in
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.core.secrets import hash_password


class Unfit(msgspec.Struct, frozen=True):
    """What is wrong with a new password."""

    why: str
    is_known: bool = False
    """Whether the user has it or had it: who is told that has guessed it."""


class Replacement(msgspec.Struct, frozen=True):
    """A compared password, and the hash of the one in its place, or what is wrong with that."""

    checked: sign_in.Checked
    unfit: Unfit | None = None
    hashed: str = ""


async def unfitness(call: Reading, row: model.UserRow, password: str) -> Unfit | None:
    """What is wrong with a new password for that user: it is weak, or one that he had.

    Raises Problem 429 after too many guesses at those.
    """
    weak = await passwords.weakness(password, login=row.login, name=row.name)
    if weak is not None:
        return Unfit(weak)
    known = await pci_passwords.reuse(call, row, password)
    return None if known is None else Unfit(known, is_known=True)


async def refuse(call: Writing, row: model.UserRow, unfit: Unfit) -> Problem:
    """How a new password is refused; if he knows it, the unit must commit: a guess is counted.

    Raises Problem 429 after too many.
    """
    if unfit.is_known:
        subjects = guesses.of_login(call, row.login_key)
        # Once more: those that were tried all at once have been counted by now.
        await guesses.check(call, subjects)
        await guesses.count(call, subjects)
    return bad_request(unfit.why)


async def check_change(call: Reading, checked: sign_in.Checked, old: str, new: str) -> Replacement:
    """Hash a new password, if it is good, and what came as the old one was right.

    Else the new one is not looked at: what is wrong with it tells what he has, or had, and
    guesses are counted where that is compared (contract: protocol §13.6).
    """
    if not checked.is_right or checked.row is None:
        return Replacement(checked)
    unfit = await unfitness(call, checked.row, new)
    if unfit is None and new == old:
        unfit = Unfit("Password must not be the old one")
    return Replacement(checked, unfit, "" if unfit else await hash_password(new))
