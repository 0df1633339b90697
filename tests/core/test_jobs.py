"""The worker: mail leaves after the commit, once, and is tried again when it can't."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from email import message_from_bytes
from email.policy import default as default_policy
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import delete, select, update

from tenantry.core import checkpoints, schema
from tenantry.core.clock import DAY, HOUR, MINUTE
from tenantry.core.jobs import BEGUN_WITHIN, CLAIMED_FOR, MAX_ATTEMPTS, Worker
from tenantry.core.mail import sender
from tenantry.core.publishing import Schedule, publish_due
from tenantry.core.statements import Statement
from tests.world import ADA, WIDGETS, World

if TYPE_CHECKING:
    from email.message import EmailMessage

_O = schema.outbox.c
_BREAK = Statement(update(schema.outbox).values(payload="{"))
_CLEAR = Statement(delete(schema.outbox))
_OUTBOX = Statement(select(_O.attempts, _O.due_at, _O.last_error, _O.failed_at))


class Mailbox:
    """A mail server that keeps what it gets, or answers as it is told to."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answer = "250 OK"
        self.arrived = asyncio.Event()
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None
        """What happens before the next letter is answered for."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - likewise
        letter = message_from_bytes(envelope.content, policy=default_policy)
        self.letters.append(letter)
        self.arrived.set()
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return "250 OK"


@pytest.fixture
async def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def smtp_url(mailbox: Mailbox) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, hostname="x"), "127.0.0.1", 0)
    yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


@pytest.fixture
def faults() -> list[BaseException]:
    return []


@pytest.fixture
def postman(world: World, smtp_url: str, faults: list[BaseException]) -> Worker:
    app = world.app
    post = sender(smtp_url, "Tenantry <tenantry@example.com>")
    return Worker(app.database, app.keyring, post, app.settings.base_url, faults.append)


async def _invite(world: World, login: str = "new@example.com") -> None:
    answer = await world.ask(ADA, "POST", "/user", data={"login": login, "name": "Nina"})
    assert answer.status_code == 200


async def test_a_new_user_gets_a_link(world: World, postman: Worker, mailbox: Mailbox) -> None:
    await _invite(world)
    assert await postman.deliver_due() == 1
    (letter,) = mailbox.letters
    assert letter["To"] == "new@example.com"
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert "https://accounts.example.com/_tenantry/v1/password/" in plain.get_content()
    assert await world.app.database.all(_OUTBOX) == []
    assert await postman.deliver_due() == 0


async def test_a_refused_write_sends_nothing(
    world: World, postman: Worker, mailbox: Mailbox
) -> None:
    answer = await world.ask(ADA, "POST", "/user", data={"login": ADA.login})
    assert answer.status_code == 409
    assert await postman.deliver_due() == 0
    assert mailbox.letters == []


async def test_what_fails_for_now_is_tried_again(
    world: World, postman: Worker, mailbox: Mailbox, faults: list[BaseException]
) -> None:
    mailbox.answer = "451 Try again later"
    await _invite(world)
    await postman.deliver_due()
    ((attempts, due_at, error, failed_at),) = await world.app.database.all(_OUTBOX)
    assert (attempts, failed_at) == (1, None)
    assert due_at == world.clock.now + MINUTE
    assert "451" in error
    assert len(faults) == 1
    assert await postman.deliver_due() == 0
    mailbox.answer = "250 OK"
    world.clock.turn(MINUTE)
    assert await postman.deliver_due() == 1
    assert len(mailbox.letters) == 1
    assert await world.app.database.all(_OUTBOX) == []


async def test_what_can_never_be_delivered_is_kept_and_let_be(
    world: World, postman: Worker, mailbox: Mailbox
) -> None:
    mailbox.answer = "550 No such user"
    await _invite(world)
    await postman.deliver_due()
    ((_, _, _, failed_at),) = await world.app.database.all(_OUTBOX)
    assert failed_at == world.clock.now
    world.clock.turn(24 * HOUR)
    assert await postman.deliver_due() == 0


async def test_it_gives_up_in_the_end(world: World, postman: Worker, mailbox: Mailbox) -> None:
    mailbox.answer = "451 Try again later"
    await _invite(world)
    for _ in range(MAX_ATTEMPTS):
        assert await postman.deliver_due() == 1
        world.clock.turn(13 * HOUR)
    assert await postman.deliver_due() == 0


async def test_two_workers_deliver_each_letter_once(
    world: World, postman: Worker, mailbox: Mailbox, smtp_url: str
) -> None:
    app = world.app
    post = sender(smtp_url, "Tenantry <tenantry@example.com>")
    other = Worker(app.database, app.keyring, post, "https://x.example.com", print)
    for number in range(10):
        await _invite(world, f"new{number}@example.com")
    delivered = await asyncio.gather(postman.deliver_due(), other.deliver_due())
    assert sum(delivered) == 10
    assert len({letter["To"] for letter in mailbox.letters}) == 10
    assert len(mailbox.letters) == 10


@pytest.mark.parametrize("passed", [BEGUN_WITHIN, CLAIMED_FOR])
async def test_a_slow_server_gets_no_letter_from_two_workers(
    world: World, postman: Worker, mailbox: Mailbox, smtp_url: str, passed: int
) -> None:
    """Those that one had no time for are the other's once they are free, and no more its own."""
    app = world.app
    post = sender(smtp_url, "Tenantry <tenantry@example.com>")
    other = Worker(app.database, app.keyring, post, "https://x.example.com", print)
    logins = {f"new{number}@example.com" for number in range(4)}
    for login in sorted(logins):
        await _invite(world, login)

    async def take_long() -> None:
        world.clock.turn(passed)
        await other.deliver_due()

    mailbox.meanwhile = take_long
    await postman.deliver_due()
    left = await app.database.all(_OUTBOX)
    assert len(left) == (3 if passed < CLAIMED_FOR else 0)
    assert {(attempts, due_at) for attempts, due_at, *_ in left} <= {(0, world.clock.now)}
    await other.deliver_due()
    first, *rest = [str(letter["To"]) for letter in mailbox.letters]
    # The first was under way: it may come twice, the others never.
    assert sorted(set(rest) - {first}) == sorted(one for one in rest if one != first)
    assert {first, *rest} == logins


async def test_a_letter_that_cannot_be_read_holds_up_no_other(
    world: World, postman: Worker, mailbox: Mailbox, faults: list[BaseException]
) -> None:
    async def run(statement: Statement[Any]) -> None:
        await world.app.database.write(lambda unit: unit.run(statement))

    await _invite(world, "new1@example.com")
    await run(_BREAK)
    await _invite(world, "new2@example.com")
    assert await postman.deliver_due() == 2
    assert [letter["To"] for letter in mailbox.letters] == ["new2@example.com"]
    assert len(faults) == 1
    await run(_CLEAR)


async def test_a_worker_that_runs_wakes_at_a_commit(
    world: World, postman: Worker, mailbox: Mailbox
) -> None:
    postman.start()
    await _invite(world)
    async with asyncio.timeout(4):
        await mailbox.arrived.wait()
    await postman.stop()


async def test_a_checkpoint_comes_by_mail_as_it_was_signed(
    world: World, postman: Worker, mailbox: Mailbox
) -> None:
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"security_contact_id": ADA.id})
    schedule = Schedule(DAY, "https://accounts.example.com", mails=True)
    await publish_due(world.app.database, world.app.keyring, schedule)
    assert await postman.deliver_due() == 1
    (letter,) = mailbox.letters
    assert letter["To"] == ADA.login
    assert letter["Subject"] == "A checkpoint of the log of Example Widgets on Tenantry"
    plain = letter.get_body(("plain",))
    assert plain is not None
    [document] = [line for line in plain.get_content().splitlines() if line.startswith("{")]
    [kept] = await checkpoints.kept(world.app.database, WIDGETS)
    assert msgspec.json.decode(document, type=checkpoints.Checkpoint) == kept
