"""Signing in to a program through one's company: how lately somebody was asked there."""

from tests.areas.realm_calls import AUTH, Program, wanted
from tests.areas.realm_calls import claims as claims_of
from tests.console.browser import CONSOLE
from tests.console.company import Company, company, problem_in
from tests.console.provider import SECOND
from tests.world import BEN

__all__ = ["company"]

CONSENT = f"{CONSOLE}/consent"


async def test_a_program_hears_when_somebody_signed_in_and_not_that_it_was_now(
    company: Company,
) -> None:
    """Where the provider does not say when it asked him, he signed in when he came (§2)."""
    world, cli = company.world, Program(company.world)
    cli.browser, came = company.visitor, world.clock() // SECOND
    assert (await company.sign_in(BEN, auth_time=None)).status_code == 303
    world.clock.turn(60 * SECOND)
    assert wanted(await cli.open(max_age="59"))
    issued, _ = await cli.session()
    world.clock.turn(60 * SECOND)
    later = (await cli.refresh(issued["refresh_token"])).json()
    tokens = [one[name] for one in (issued, later) for name in ("id_token", "access_token")]
    assert [claims_of(token)["auth_time"] for token in tokens] == [came] * 4


WISHES: tuple[tuple[dict[str, str], str], ...] = (
    ({"prompt": "login select_account"}, "&max_age=600&prompt=login"),
    ({"prompt": "login", "max_age": "30"}, "&max_age=30&prompt=login"),
    ({"max_age": "30"}, "&max_age=30"),
    ({"max_age": "0"}, "&max_age=0"),
    ({}, "&max_age=3600"),
)
"""What a program says, and what the provider is asked then."""


async def test_what_a_program_wants_is_asked_of_the_provider(company: Company) -> None:
    """It would send back whoever sits there, unasked (OpenID Connect Core 1.0 §3.1.2.1)."""
    cli = Program(company.world)
    cli.browser = company.visitor
    for wish, asked in WISHES:
        then = wanted(await cli.open(**wish))
        for place in (then, then.replace(AUTH, CONSENT)):
            assert (await company.begin(BEN, then=place)).endswith(asked)
        company.world.clock.turn(5 * SECOND)
        await company.sign_in(BEN, then=then)
        assert "Allow" in (await company.visitor.get(then)).text, wish
        await cli.sign_out()


async def test_a_program_hears_of_nobody_whom_the_provider_did_not_ask(company: Company) -> None:
    """Browsers can change what is asked, so the answer counts: `auth_time`."""
    world, cli, silent = company.world, Program(company.world), {"auth_time": None}
    cli.browser, asked = company.visitor, world.clock() // SECOND
    for wish in ({"prompt": "login"}, {"max_age": "30"}):
        then = wanted(await cli.open(**wish))
        since = len(await world.events())
        answer = await company.sign_in(BEN, then=then, auth_time=asked - 61)
        assert "did not ask you" in problem_in(answer)
        assert (company.visitor.cookie(), await world.actions(since)) == (
            None,
            ["user.login_failure"],
        )
    # A clock may be a minute slow.
    then = wanted(await cli.open(prompt="login"))
    world.clock.turn(5 * SECOND)
    assert (await company.sign_in(BEN, then=then, auth_time=asked - 60)).status_code == 200
    assert "Allow" in (await company.visitor.get(then)).text
    # Many providers never say: who wants to know for sure says `max_age`, which obliges them to.
    await cli.sign_out()
    for wish in ({"max_age": "30"}, {"prompt": "login", "max_age": "30"}):
        then = wanted(await cli.open(**wish))
        for _ in range(6):
            answer = await company.sign_in(BEN, then=then, **silent)
            # That is nobody's guess, however often it comes.
            assert "does not say" in problem_in(answer)
    then = wanted(await cli.open(prompt="login"))
    await company.sign_in(BEN, then=then, **silent)
    assert "Allow" in (await company.visitor.get(then)).text


async def test_who_signed_in_before_the_program_asked_is_asked_again(company: Company) -> None:
    world, cli = company.world, Program(company.world)
    cli.browser, before = company.visitor, world.clock() // SECOND
    assert (await company.sign_in(BEN, auth_time=before - 60)).status_code == 303
    then = wanted(await cli.open(prompt="login"))
    world.clock.turn(5 * SECOND)
    assert (await company.sign_in(BEN, then=then)).status_code == 200
    assert "Allow" in (await company.visitor.get(then)).text
