"""Which mail addresses and domains are the same to single sign-on: those that logins are."""

from tests.areas.account_calls import edit_customer, edit_user
from tests.console.browser import CONSOLE, Visitor
from tests.console.company import Company, company, problem_in
from tests.federation_writes import DOMAINS, operators
from tests.world import ADA, BEN, OPERATOR, SUE

__all__ = ["company"]


async def test_an_address_is_compared_as_logins_are(company: Company) -> None:
    world = company.world
    await edit_user(world, BEN, login="zoe\u0308@example.com", login_key="zoë@example.com")
    assert (await company.sign_in("zoë@example.com")).status_code == 303
    # Since migration 0012 somebody may have a key that is not his address any more.
    await edit_user(world, SUE, login="straße@example.com", login_key="strasse@example.com")
    assert "of another account" in problem_in(await company.sign_in("strasse@example.com"))


async def test_a_domain_is_compared_as_people_and_name_servers_read_it(company: Company) -> None:
    world, domain = company.world, "müller.example.com"
    forms = (domain, "Mu\u0308ller.example.com", "xn--mller-kva.example.com")
    await company.set(creates_users=True)
    for form in forms:
        vouched = await world.ask(OPERATOR, "PUT", operators(form))
        assert vouched.json()["domain"] == domain
        assert (await world.ask(ADA, "GET", f"{DOMAINS}/{form}")).status_code == 200
    for name, form in zip(("nia", "noa", "nils"), forms, strict=True):
        assert (await company.sign_in(f"{name}@{form}")).status_code == 303
    await edit_customer(world, force_sso=True)
    for form in forms:
        proof = {"username": f"nobody@{form}", "password": "wrong"}
        answer = await world.ask(None, "POST", "/tokens", data=proof)
        assert answer.status_code == 403, answer.text


async def test_a_domain_in_another_alphabet_is_set_up_on_pages(company: Company) -> None:
    """Name servers and headers of answers have its ASCII form."""
    ada = Visitor(company.world)
    await ada.sign_in(ADA)
    place = f"{CONSOLE}/company"
    claimed = await ada.send(place, {"do": "domain", "domain": "東京.example.com"})
    page = await ada.get(claimed.headers["location"])
    assert (claimed.status_code, page.status_code) == (303, 200)
    for told in ("東京.example.com", "_tenantry-challenge.xn--1lqs71d.example.com"):
        assert told in page.text
    assert "https://xn--1lqs71d.example.com/.well-known/" in page.text
