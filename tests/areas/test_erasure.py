"""Erasing a deleted person: nothing that names her is left, and the log still verifies."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenantry.areas.audit import erasure
from tenantry.areas.customers import contacts
from tenantry.core import chain
from tenantry.core.context import system_call
from tenantry.core.jobs import Worker
from tenantry.core.mail import Mail, Undeliverable
from tenantry.core.unit import Unit
from tests.areas.erasure_calls import HOME, NINA, TRACES, erase, live_and_leave, stored
from tests.areas.invitation_calls import invite, join, pending
from tests.world import ADA, BEN, EVE, OPERATOR, OTHER, SUE, WIDGETS, World, open_world

HERE = {"customer_id": WIDGETS}


def left_in(text: str) -> list[str]:
    return [one for one in TRACES if one in text]


def file_of(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


async def opened(world: World) -> list[dict[str, Any]]:
    return [chain.opened(body, personal) for _, _, body, personal, _, _ in await world.events()]


async def test_nothing_that_names_her_is_left(world: World) -> None:
    nina = await live_and_leave(world)
    before = await opened(world)
    assert left_in(await stored(world)) == list(TRACES)
    status, told = await erase(world, **HERE, user_id=nina)
    assert status == 200
    assert told == {
        "customer_id": WIDGETS,
        "user_ids": [nina],
        "events": told["events"],
        "contacts": 2,
        "invitations": 1,
        "letters": 2,
    }
    assert left_in(await stored(world)) == []
    after = await opened(world)
    assert told["events"] == sum(one != two for one, two in zip(before, after, strict=False)) > 10
    assert (await chain.verify(world.app.database, WIDGETS)).problem is None


async def test_nothing_is_left_in_the_bytes_of_the_file(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """Also not in what the database overwrote or freed; on PostgreSQL that is VACUUM's business."""
    nina = await live_and_leave(world)
    assert (await erase(world, **HERE, user_id=nina))[0] == 200
    await world.stop()
    if world.dialect == "sqlite":
        raw = file_of(database_url).read_bytes()
        assert ADA.login.encode() in raw
        assert left_in(raw.decode(errors="replace").casefold()) == []
    again = await open_world(database_url, tmp_path)
    assert (await again.ask(ADA, "GET", "/current_user")).status_code == 200
    await again.stop()


async def test_what_others_did_still_says_so(world: World) -> None:
    nina = await live_and_leave(world)
    before = await opened(world)
    await erase(world, **HERE, user_id=nina)
    for one, two in zip(before, await opened(world), strict=False):
        if one["ip"] != two["ip"]:
            assert (one["user_id"] or nina, two["ip"]) == (nina, "")
        if one["user_id"] == ADA.id:
            assert two["ip"] == "192.0.2.10"
        if one["metadata"].get("user_id") == BEN.id or "Widgets" in one["description"]:
            assert one == two
    assert all(one["ip"] != HOME for one in await opened(world))


async def test_the_event_of_an_erasure_names_nobody(world: World) -> None:
    nina = await live_and_leave(world)
    since = len(await world.events())
    _, told = await erase(world, **HERE, user_id=nina)
    ((action, event_type, body, personal, _, _),) = (await world.events())[since:]
    assert (action, event_type) == ("user.erase", None)
    event = chain.opened(body, personal)
    taken = {line.partition(" ")[0] for line in event["metadata"].pop("taken")}
    assert {"description", "ip", "metadata.login"} <= taken
    # What goes from archives is told by another.
    assert event["metadata"] == told | {"archived_events": 0}
    assert event["admin"] is True
    assert left_in(str(event).casefold()) == []


async def test_twice_is_once(world: World) -> None:
    nina = await live_and_leave(world)
    await erase(world, **HERE, user_id=nina)
    events = await world.events()
    status, told = await erase(world, **HERE, user_id=nina)
    counts = {name: told[name] for name in ("events", "contacts", "invitations", "letters")}
    assert (status, set(counts.values())) == (200, {0})
    assert await world.events() == events
    assert (await erase(world, **HERE, login=NINA))[0] == 404


async def test_by_login(world: World) -> None:
    nina = await live_and_leave(world)
    status, told = await erase(world, **HERE, login=f" {NINA.upper()} ")
    assert (status, told["user_ids"]) == (200, [nina])
    assert left_in(await stored(world)) == []


async def test_who_lives_is_deleted_first(world: World) -> None:
    before = await world.events()
    detail = f"User '{BEN.id}' is not deleted: delete the user first"
    for whom in ({"user_id": BEN.id}, {"login": BEN.login}):
        assert await erase(world, **HERE, **whom) == (400, {"msg": "Bad request", "detail": detail})
    assert await world.events() == before


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user_id": BEN.id}, 400),
        (HERE, 400),
        ({**HERE, "user_id": BEN.id, "login": BEN.login}, 400),
        ({**HERE, "login": " "}, 400),
        ({**HERE, "user_id": ""}, 400),
        ({**HERE, "user_id": EVE.id}, 404),
        ({**HERE, "login": "nobody@example.com"}, 404),
        ({"customer_id": OTHER, "user_id": BEN.id}, 404),
        ({"customer_id": "0Unknown00000000000000", "user_id": BEN.id}, 404),
    ],
)
async def test_what_is_refused(world: World, body: dict[str, str], status: int) -> None:
    here, there = len(await world.events()), len(await world.events(OTHER))
    assert (await erase(world, **body))[0] == status
    assert (len(await world.events()), len(await world.events(OTHER))) == (here, there)


async def test_only_operators_erase(world: World) -> None:
    nina = await live_and_leave(world)
    before = await stored(world)
    await world.sudo(ADA)
    for who, status in ((ADA, 403), (SUE, 403), (EVE, 403), (None, 401)):
        assert (await erase(world, who, **HERE, user_id=nina))[0] == status
    answer = await world.ask(
        OPERATOR,
        "POST",
        "/_operator/v1/erasures",
        params=HERE,
        json={**HERE, "user_id": nina},
    )
    assert answer.status_code == 403
    assert left_in(await stored(world)) == left_in(before) == list(TRACES)


async def test_who_came_back_keeps_what_is_his(world: World) -> None:
    """The login belongs to somebody living again: his events keep it, the old ones lose it."""
    nina = await live_and_leave(world)
    await world.ask(ADA, "POST", "/user", data={"login": NINA, "name": "Nina Ek"})
    assert (await erase(world, **HERE, login=NINA))[0] == 400
    assert (await erase(world, **HERE, user_id=nina))[0] == 200
    for event in await opened(world):
        if event["metadata"].get("user_id") == nina:
            assert event["metadata"].get("login", "") == ""
    created = [one for one in await opened(world) if one["action"] == "user.create"][-1]
    assert created["metadata"]["login"] == NINA
    users = (await world.ask(ADA, "GET", f"/customer/{WIDGETS}/users")).json()
    assert NINA in [one["login"] for one in users]
    # The contact has the address of who lives, and so the phone.
    assert left_in(await stored(world)) == [NINA, "nina ek", "+1-555-0177"]


async def test_an_invitation_that_is_pending_is_withdrawn(world: World) -> None:
    nina = await live_and_leave(world)
    await invite(world, email=NINA)
    assert await pending(world) == [NINA]
    assert (await erase(world, **HERE, user_id=nina))[1]["invitations"] == 2
    assert await pending(world) == []
    assert left_in(await stored(world)) == []


async def test_the_login_is_free_for_others(world: World) -> None:
    nina = await live_and_leave(world)
    await erase(world, **HERE, user_id=nina)
    key = await join(world, NINA)
    assert (await world.ask(key, "GET", "/current_user")).json()["login"] == NINA


async def test_what_is_appended_meanwhile_is_found_too(world: World) -> None:
    """Two erasures at once, and an event after the log was read."""
    nina = await live_and_leave(world)
    found = await erasure.look(world.app.database, WIDGETS, nina)
    form = {"contact_type": "emergency", "name": "Nina Ek", "email": NINA}
    await world.ask(ADA, "POST", f"/customer/{WIDGETS}/contacts", data=form)
    assert (await erase(world, **HERE, user_id=nina))[0] == 200

    async def work(unit: Unit) -> erasure.Erased:
        return await erasure.erase(system_call(unit, world.app.keyring, WIDGETS), found)

    await world.app.database.write(work, customer_id=WIDGETS)
    assert left_in(await stored(world)) == []
    assert (await chain.verify(world.app.database, WIDGETS)).problem is None
    actions = [event[0] for event in await world.events()]
    assert actions.count("user.erase") == 1


async def test_what_shares_the_commit_is_found_too(world: World) -> None:
    """An event that stands nowhere yet when the erasure has its turn."""
    nina = await live_and_leave(world)
    found = await erasure.look(world.app.database, WIDGETS, nina)
    new = contacts.NewContact(contact_type="emergency", name="Nina Ek", email=NINA)

    async def name_her(unit: Unit) -> None:
        await contacts.add(system_call(unit, world.app.keyring, WIDGETS), new)

    async def erase_her(unit: Unit) -> None:
        await erasure.erase(system_call(unit, world.app.keyring, WIDGETS), found)

    write = world.app.database.write
    await asyncio.gather(*(write(work, customer_id=WIDGETS) for work in (name_her, erase_her)))
    assert left_in(await stored(world)) == []
    assert (await chain.verify(world.app.database, WIDGETS)).problem is None


async def test_an_erased_event_reads_as_empty(world: World) -> None:
    nina = await live_and_leave(world)
    await erase(world, **HERE, user_id=nina)
    destroyed = [one for one in await opened(world) if one["action"] == "user.destroy"][-1]
    assert destroyed["metadata"] == {"user_id": nina, "login": ""}
    assert destroyed["description"] == ""
    raw = msgspec.json.encode(await opened(world)).decode().casefold()
    assert left_in(raw) == []


LIN, MIA, KIM = "lin@example.com", "mia@example.com", "kim@example.com"


class NoSuchMailbox:
    """A mail server that refuses whatever it is sent."""

    async def send(self, mail: Mail) -> None:
        """Refuse it for good."""
        raise Undeliverable(mail.to)


async def test_letters_to_others_name_no_more_who_had_them_sent(world: World) -> None:
    """By a name of one word: those that wait leave without it, undeliverable ones go."""
    app = world.app
    await invite(world, BEN, email=LIN)
    await Worker(app.database, app.keyring, NoSuchMailbox(), "", lambda _: None).deliver_due()
    await invite(world, BEN, email=MIA)
    await invite(world, ADA, email=KIM)
    for path in (f"/tokens/{BEN.token_id}", f"/user/{BEN.id}"):
        assert (await world.ask(ADA, "DELETE", path)).is_success
    inviters = {one["to"]: one["facts"]["inviter_name"] for one in await world.letters()}
    assert inviters == {LIN: "Ben", MIA: "Ben", KIM: "Ada"}
    assert (await erase(world, **HERE, user_id=BEN.id))[1]["letters"] == 2
    inviters = {one["to"]: one["facts"]["inviter_name"] for one in await world.letters()}
    assert inviters == {MIA: None, KIM: "Ada"}
    assert (await erase(world, **HERE, user_id=BEN.id))[1]["letters"] == 0


async def test_who_was_only_invited_is_erased_by_address(world: World) -> None:
    await invite(world, email=LIN)
    named = {"contact_type": "emergency", "name": "Lin Wu Ek", "email": LIN.upper()}
    answer = await world.ask(ADA, "POST", f"/customer/{WIDGETS}/contacts", data=named)
    assert answer.status_code == 200, answer.text
    status, told = await erase(world, **HERE, login=LIN)
    assert (status, told["user_ids"]) == (200, [])
    assert (told["invitations"], told["contacts"], told["letters"]) == (1, 1, 1)
    assert await pending(world) == []
    everything = await stored(world)
    assert (LIN in everything, "lin wu ek" in everything) == (False, False)
    assert (await chain.verify(world.app.database, WIDGETS)).problem is None
    assert (await erase(world, **HERE, login=LIN))[0] == 404
    # Nobody else's address goes with hers, and no living user's.
    assert BEN.login in everything


async def test_a_contact_is_found_however_the_address_is_written(world: World) -> None:
    named = {"contact_type": "emergency", "name": "Eva", "email": "E\u0301VA@example.com"}
    answer = await world.ask(ADA, "POST", f"/customer/{WIDGETS}/contacts", data=named)
    assert answer.status_code == 200, answer.text
    status, told = await erase(world, **HERE, login="\u00e9va@example.com")
    assert (status, told.get("contacts")) == (200, 1)
