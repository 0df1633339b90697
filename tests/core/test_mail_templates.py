"""Mail: what the templates say, and the senders that need no server."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from tenantry.core.mail import Mail, render, sender
from tests.core.letters import FACTS, ROBOT, parts, read

INVITED = {
    "product_name": "Acme Edge",
    "customer_name": "Bücher & Söhne",
    "login": "lin@example.com",
    "inviter_name": "Ådá <Lovelace>",
    "link": FACTS["link"],
    "valid_until": "8 March 2026, 10:00 UTC",
}
TEMPLATES = files("tenantry.core") / "templates"
NAMES = sorted(
    entry.name.removesuffix(".subject.j2")
    for entry in TEMPLATES.iterdir()
    if entry.name.endswith(".subject.j2")
)
BILLED = {
    "alert_name": "Half of the <budget>",
    "amount": "USD 251.75",
    "due": "19 April 2026",
    "month": "March 2026",
    "number": "S202603-1000001",
    "seller_name": "Acme Ltd",
    "threshold": "USD 250",
    "title": "Credit note",
    "total": "USD 2,056.75",
}
WITHOUT_LINK = {"email_domain", "invoice", "spend_alert"}
DEVICE = {"browser": "Firefox on Linux", "address": "192.0.2.10", "at": "2026-03-01T10:00:00Z"}
CHANGED = {"what": "A passkey was added."}
DOMAIN = {
    "domain": "widgets.example.com",
    "dns_name": "_tenantry-challenge.widgets.example.com",
    "challenge": "tenantry-challenge=abc",
    "until": "2026-03-15T10:00:00Z",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_three_files_that_load_nothing_from_elsewhere(name: str) -> None:
    for kind in ("subject", "text", "html"):
        assert (TEMPLATES / f"{name}.{kind}.j2").is_file()
    facts = INVITED | FACTS | DEVICE | BILLED | CHANGED | DOMAIN
    mail = render(name, "ada@example.com", **facts, checkpoint="{}")
    assert not re.search(r"<(img|script|link|iframe)|url\(|@import|\bsrc=", mail.html)
    links = {FACTS["link"].replace("&", "&amp;")} if name not in WITHOUT_LINK else set()
    assert set(re.findall(r"https?://[^\s\"<]+", mail.html)) == links


@pytest.mark.parametrize("name", ["set_password", "reset_password"])
def test_a_password_mail_says_who_where_and_how_long(name: str) -> None:
    mail = render(name, "ada@example.com", **FACTS)
    assert mail.subject.endswith("for Bücher & Söhne on Acme Edge")
    for fact in FACTS.values():
        assert fact in mail.text
    assert "Ådá &lt;Lovelace&gt;" in mail.html
    assert "<Lovelace>" not in mail.html
    assert mail.text.endswith("\n\n-- \nAcme Edge\n")


def test_a_reset_says_that_the_old_password_still_works() -> None:
    mail = render("reset_password", "ada@example.com", **FACTS)
    for words in (" ".join(mail.text.split()), mail.html):
        assert "Your old password keeps working until you have chosen a new one." in words
        assert "ignore this mail" in words


def test_an_invitation_says_who_invites_where_and_until_when() -> None:
    mail = render("invitation", "lin@example.com", **INVITED)
    assert mail.subject == "Join Bücher & Söhne on Acme Edge"
    for fact in INVITED.values():
        assert fact in mail.text
    assert mail.text.startswith("Hello,\n\nÅdá <Lovelace> invites you to join Bücher & Söhne on")
    assert "Ådá &lt;Lovelace&gt; invites you" in mail.html
    assert "<Lovelace>" not in mail.html
    for words in (" ".join(mail.text.split()), mail.html):
        assert "ask Ådá " in words
        assert "ignore this mail: nothing happens" in words


def test_an_invitation_that_nobody_signed_names_the_customer() -> None:
    mail = render("invitation", "lin@example.com", **{**INVITED, "inviter_name": None})
    assert mail.text.startswith("Hello,\n\nSomebody invites you to join Bücher & Söhne on Acme")
    assert "ask\nBücher & Söhne for a new one." in mail.text
    assert "None" not in mail.text + mail.html


def test_a_domain_that_misses_its_proof_says_what_to_publish_and_until_when() -> None:
    mail = render("email_domain", "ada@example.com", **INVITED, **DOMAIN)
    assert mail.subject == "widgets.example.com is about to lose its proof on Acme Edge"
    for fact in DOMAIN.values():
        assert fact in mail.text
        assert fact in mail.html
    lost = render("email_domain", "ada@example.com", **INVITED, **DOMAIN | {"until": ""})
    assert lost.subject == "widgets.example.com is no longer proved on Acme Edge"
    for words in (" ".join(lost.text.split()), lost.html):
        assert "Publish the record and verify the domain to have it back." in words
        assert "2026-03-15" not in words


def test_a_name_cannot_break_out_of_its_line() -> None:
    trick = "Acme\r\nBcc: eve@evil.example\n\n\x1b[2J\u2028\x85Pay here"
    mail = render("set_password", "ada@example.com", **{**FACTS, "customer_name": trick})
    tame = "Acme Bcc: eve@evil. example [2J Pay here"
    assert mail.subject == f"Set your password for {tame} on Acme Edge"
    assert f"Acme Edge. {tame} has made" in mail.text


LINKS = {
    "https://evil.example/win": "https: //evil. example/win",
    "Win at www.evil.example": "Win at www. evil. example",
    "evil。example": "evil。 example",
    "evil.example/@ada.example": "evil. example/@ada. example",
    "moc.live\u202e": "moc. live",
    "St.Gallen 2.5 Inc.": "St. Gallen 2.5 Inc.",
    "win@www.evil.example": "win@www. evil. example",
    "evil.example?win@ada.example": "evil. example?win@ada. example",
}


@pytest.mark.parametrize("name", LINKS)
def test_a_name_cannot_be_a_link(name: str) -> None:
    mail = render("invitation", "lin@example.com", **INVITED | {"customer_name": name})
    assert mail.subject == f"Join {LINKS[name]} on Acme Edge"
    assert f"you to join {LINKS[name]} on Acme Edge." in " ".join(mail.text.split())
    for words in (mail.text, mail.html):
        assert name not in words


def test_who_has_no_name_is_called_by_his_address() -> None:
    for name, told in (("ada.l@example.com", "ada.l@example.com"), ("a.b?c@d.e", "a. b?c@d. e")):
        mail = render("invitation", "lin@example.com", **INVITED | {"inviter_name": name})
        assert told in mail.text


def test_a_missing_fact_or_template_is_an_error() -> None:
    fewer = {name: fact for name, fact in FACTS.items() if name != "user_name"}
    with pytest.raises(UndefinedError, match="user_name"):
        render("set_password", "ada@example.com", **fewer)
    with pytest.raises(TemplateNotFound):
        render("no_such_mail", "ada@example.com", **FACTS)


async def test_files_are_whole_messages_in_order_for_their_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "mail"
    by_file = sender(f"file:{directory}", ROBOT)
    assert directory.stat().st_mode & 0o777 == 0o700
    subjects = [f"Grüße {number}" for number in range(9)]
    for subject in subjects:
        await by_file.send(Mail("ada@example.com", subject, "Hej é\n", "<p>Hej</p>\n"))
    kept = sorted(directory.iterdir())
    assert [path.suffix for path in kept] == [".eml"] * 9
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    letters = [read(path.read_bytes()) for path in kept]
    assert [letter["Subject"] for letter in letters] == subjects
    assert parts(letters[0]) == [("text/plain", "Hej é\n"), ("text/html", "<p>Hej</p>\n")]


async def test_a_removed_directory_comes_back(tmp_path: Path) -> None:
    by_file = sender(f"file:{tmp_path / 'mail'}", ROBOT)
    (tmp_path / "mail").rmdir()
    await by_file.send(Mail("søren@bücher.example", "Hej", "Hej\n", "<p>Hej</p>\n"))
    [path] = (tmp_path / "mail").glob("*.eml")
    assert read(path.read_bytes())["To"] == "søren@bücher.example"


async def test_the_log_shows_the_whole_message(capsys: pytest.CaptureFixture[str]) -> None:
    mail = render("reset_password", "ada@example.com", **FACTS)
    await sender("log:", ROBOT).send(mail)
    shown = capsys.readouterr().err
    assert shown.startswith(f"From: {ROBOT}\nTo: ada@example.com\nSubject: {mail.subject}\n\nHello")
    assert mail.text in shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "log",
        "smtp",
        "smtp:",
        "smtp://",
        "smtp:mail.example.com",
        "smtp://mail.example.com:none",
        "smtp://mail.example.com:0",
        "smtp://mail.example.com/inbox",
        "smtp://mail.example.com?tls=no",
        "smtp://robot@mail.example.com",
        "smtps://robot:s3cr3t",
        "smtps://robot:s3cr3t/s3cr3t@mail.example.com",
        "smtp+starttls://robot:s3cr3t#@mail.example.com",
        "smtp://[::1",
        "http://mail.example.com",
        "log:loudly",
        "file:",
        "file://host/mail",
    ],
)
def test_a_bad_url_is_named_in_one_sentence_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"^TENANTRY_MAIL [^\n]+$") as caught:
        sender(url, ROBOT)
    assert "s3cr3t" not in str(caught.value)


def test_a_directory_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "mail").touch()
    with pytest.raises(OSError, match="mail"):
        sender(f"file:{tmp_path / 'mail'}", ROBOT)


@pytest.mark.parametrize("address", ["", "Acme", "Acme <robot>", "a@b.c, d@e.f", "A\n<a@b.c>"])
def test_a_bad_address_of_our_own_is_refused(address: str) -> None:
    with pytest.raises(
        ValueError, match=r"^TENANTRY_MAIL_FROM must be ADDRESS or NAME <ADDRESS>, not [^\n]+$"
    ):
        sender("log:", address)
