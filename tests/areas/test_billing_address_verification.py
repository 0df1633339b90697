"""What is taken for an address, and what is offered instead (contract: billing §1.2)."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.areas.addresses import countries
from tenantry.areas.addresses.row import AddressRow
from tenantry.areas.addresses.verification import Unverified, verify
from tests.address_writes import ATTRIBUTES, document
from tests.areas.address_calls import JSON_API, PATH, address, patch, post
from tests.http.test_openapi import check, read
from tests.table import TABLE
from tests.world import ADA, World

POSTAL_CODE = "Postal code does not match the country format"
STATE = "State is not one of the country's"


def assert_unverified(answer: httpx.Response, detail: str) -> list[dict[str, str]]:
    """See that an address could not be right; what is offered instead."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == JSON_API
    (error,) = answer.json()["errors"]
    candidates: list[dict[str, str]] = error.pop("candidates", [])
    assert error == {
        "type": "address_verification",
        "title": "Could not validate address",
        "detail": detail,
        "status": 400,
    }
    return candidates


async def test_the_error_is_told_as_documented(world: World) -> None:
    since = len(await world.events())
    answer = await post(world, postal_code="00000-12")
    candidates = assert_unverified(answer, POSTAL_CODE)
    assert list(answer.json()["errors"][0]) == ["type", "title", "detail", "status", "candidates"]
    known = {name: value for name, value in ATTRIBUTES.items() if value is not None}
    assert candidates == [known]
    assert list(candidates[0]) == ["address_1", "city", "country", "postal_code", "state"]
    assert await world.actions(since) == []
    taken = await post(world, **candidates[0])
    assert taken.status_code == 201


async def test_the_error_is_documented(world: World) -> None:
    rows = {name: row for name, row in TABLE.items() if "billing_address" in name}
    documented = read(list(rows.values()))
    row = rows["POST /customer/{customer_id}/billing_address"]
    for changed in ({"postal_code": "00000-12"}, {"state": "?"}, {"address_1": ""}):
        check(documented, row, await post(world, **changed))


async def test_without_anything_like_it_there_are_no_candidates(world: World) -> None:
    answer = await post(world, postal_code="abc")
    assert_unverified(answer, POSTAL_CODE)
    assert "candidates" not in answer.json()["errors"][0]


SOUND: dict[str, dict[str, Any]] = {
    "a ZIP code": {"postal_code": "00000"},
    "ZIP+4": {"postal_code": "00000-1234"},
    "a territory": {"state": "PR"},
    "the capital": {"state": "DC"},
    "Canada": {"country": "CA", "state": "ON", "postal_code": "K1A 0B1"},
    "Canada, together": {"country": "CA", "state": "NU", "postal_code": "X0A0H0"},
    "Germany": {"country": "DE", "state": None, "postal_code": "10115"},
    "Germany, any state": {"country": "DE", "state": "Anywhere", "postal_code": "10115"},
    "Great Britain": {"country": "GB", "state": "", "postal_code": "SW1A 1AA"},
    "no postal codes": {"country": "HK", "state": "Kowloon", "postal_code": ""},
    "a postal code that may be missing": {"country": "IE", "state": None, "postal_code": ""},
    "a postal code that the library knows and nobody has to give": {
        "country": "EH",
        "state": None,
        "postal_code": "",
    },
    "Italy without a state": {"country": "IT", "state": None, "postal_code": "00144"},
    "Italy, a state in words": {"country": "IT", "state": "Roma", "postal_code": "00144"},
    "China": {"country": "CN", "state": "Beijing", "postal_code": "100000"},
    "Turkey": {"country": "TR", "state": "Istanbul", "postal_code": "34000"},
    "Japan": {"country": "JP", "state": "東京都", "postal_code": "1540023"},
    "Australia": {"country": "AU", "state": "new south wales", "postal_code": "2060"},
}


@pytest.mark.parametrize("what", list(SOUND))
async def test_what_is_well_formed_is_taken_as_it_is(world: World, what: str) -> None:
    answer = await post(world, **SOUND[what])
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["attributes"].items() >= SOUND[what].items()


OFFERED: dict[str, tuple[dict[str, Any], str, list[dict[str, Any]]]] = {
    "ZIP+4 cut off": ({"postal_code": "00000-"}, POSTAL_CODE, [{"postal_code": "00000"}]),
    "ZIP+4 without its dash": (
        {"postal_code": "00000 1234"},
        POSTAL_CODE,
        [{"postal_code": "00000-1234"}, {"postal_code": "00000"}],
    ),
    "nine digits": (
        {"postal_code": "000001234"},
        POSTAL_CODE,
        [{"postal_code": "00000-1234"}, {"postal_code": "00000"}],
    ),
    "spaces around": ({"postal_code": " 00000 "}, POSTAL_CODE, [{"postal_code": "00000"}]),
    "eight digits": ({"postal_code": "00000123"}, POSTAL_CODE, []),
    "four digits": ({"postal_code": "0000"}, POSTAL_CODE, []),
    "digits of another script": ({"postal_code": "\u0660" * 5}, POSTAL_CODE, []),
    "a line's end": ({"postal_code": "00000\n"}, POSTAL_CODE, [{"postal_code": "00000"}]),
    "a state in lower case": ({"state": "de"}, STATE, [{"state": "DE"}]),
    "a state in words": ({"state": "Delaware"}, STATE, [{"state": "DE"}]),
    "no such state": ({"state": "ZZ"}, STATE, []),
    "both": (
        {"state": "delaware", "postal_code": "000001234"},
        f"{POSTAL_CODE}; {STATE}",
        [
            {"state": "DE", "postal_code": "00000-1234"},
            {"state": "DE", "postal_code": "00000"},
        ],
    ),
    "one right, one hopeless": (
        {"state": "de", "postal_code": "abc"},
        f"{POSTAL_CODE}; {STATE}",
        [],
    ),
    "no state": ({"state": None}, "State is required in country US", []),
    "an empty state": ({"state": ""}, "State is required in country US", []),
    "no postal code": ({"postal_code": ""}, "Postal code is required in country US", []),
    "neither": (
        {"postal_code": "", "state": None},
        "Postal code is required in country US; State is required in country US",
        [],
    ),
    "no country": ({"country": "ZZ"}, "Country is not a known ISO 3166-1 alpha-2 code", []),
    "no country either": ({"country": "xx"}, "Country is not a known ISO 3166-1 alpha-2 code", []),
    "Canada in lower case": (
        {"country": "CA", "state": "ON", "postal_code": "k1a0b1"},
        POSTAL_CODE,
        [{"country": "CA", "state": "ON", "postal_code": "K1A 0B1"}],
    ),
    "Canada with a letter that it does not use": (
        {"country": "CA", "state": "ON", "postal_code": "D1A 0B1"},
        POSTAL_CODE,
        [],
    ),
    "a province in words": (
        {"country": "CA", "state": "Québec", "postal_code": "K1A 0B1"},
        STATE,
        [{"country": "CA", "state": "QC", "postal_code": "K1A 0B1"}],
    ),
    "a separator left out": (
        {"country": "PL", "state": None, "postal_code": "00950"},
        POSTAL_CODE,
        [{"country": "PL", "state": None, "postal_code": "00-950"}],
    ),
    "the country before it": (
        {"country": "DE", "state": None, "postal_code": "DE-10115"},
        POSTAL_CODE,
        [{"country": "DE", "state": None, "postal_code": "10115"}],
    ),
    "digits of another script in Germany": (
        {"country": "DE", "state": None, "postal_code": "\u0661" * 5},
        POSTAL_CODE,
        [],
    ),
    "Canada without a province": (
        {"country": "CA", "state": None, "postal_code": "K1A 0B1"},
        "State is required in country CA",
        [],
    ),
}


@pytest.mark.parametrize("what", list(OFFERED))
async def test_what_is_not_well_formed_is_refused_with_what_may_be_meant(
    world: World, what: str
) -> None:
    changed, detail, offered = OFFERED[what]
    candidates = assert_unverified(await post(world, **changed), detail)
    expected = [ATTRIBUTES | one for one in offered]
    assert candidates == [
        {name: value for name, value in one.items() if value is not None} for one in expected
    ]
    for candidate in candidates:
        answer = await world.ask(ADA, "POST", PATH, json=document(candidate))
        assert answer.status_code in {201, 409}, answer.text


async def test_who_skips_it_is_believed(world: World) -> None:
    wild = {"address_1": "1", "city": None, "country": "ZZ", "postal_code": "?", "state": "de"}
    answer = await post(world, skipped=True, **wild)
    assert answer.status_code == 201, answer.text
    bare = {"address_1": "1 Example Way", "country": "US"}
    await world.ask(ADA, "DELETE", PATH)
    answer = await world.ask(ADA, "POST", PATH, json=document(bare, skip_verification=True))
    assert answer.json()["data"]["attributes"]["postal_code"] == ""
    assert answer.json()["data"]["attributes"]["city"] is None


@pytest.mark.parametrize("said", [False, "false", "False"])
async def test_false_skips_nothing(world: World, said: Any) -> None:
    body = document(ATTRIBUTES | {"state": "de"}, skip_verification=said)
    assert_unverified(await world.ask(ADA, "POST", PATH, json=body), STATE)


async def test_what_skip_verification_can_not_be(world: World) -> None:
    wrong: tuple[Any, ...] = ("perhaps", None, 2, [])
    for said in wrong:
        body = document(ATTRIBUTES, skip_verification=said)
        answer = await world.ask(ADA, "POST", PATH, json=body)
        assert answer.status_code == 400, answer.text


async def test_a_change_is_verified_with_what_stays(world: World) -> None:
    await post(world)
    assert_unverified(await patch(world, country="CA"), f"{POSTAL_CODE}; {STATE}")
    moved: dict[str, Any] = {"country": "CA", "state": "ON", "postal_code": "K1A 0B1"}
    assert (await patch(world, **moved)).status_code == 200
    (candidate,) = assert_unverified(await patch(world, state="on", city="Sampletown"), STATE)
    assert (candidate["city"], candidate["state"]) == ("Sampletown", "ON")
    assert (await address(world))["attributes"].items() >= (ATTRIBUTES | moved).items()


async def test_what_was_skipped_once_is_verified_with_the_next_change(world: World) -> None:
    await post(world, skipped=True, state="Nowhere")
    assert_unverified(await patch(world, city="Sampletown"), STATE)
    assert (await patch(world, skipped=True, city="Sampletown")).status_code == 200
    assert (await patch(world, state="DE")).status_code == 200


async def test_a_bad_address_is_told_before_that_there_is_one(world: World) -> None:
    await post(world)
    assert_unverified(await post(world, state="de"), STATE)


def _row(country: str, postal_code: str, state: str | None) -> AddressRow:
    return AddressRow("c", "billing", "i", "1", None, None, country, None, postal_code, state, 0, 0)


COUNTRIES = [
    first + second
    for first in map(chr, range(65, 91))
    for second in map(chr, range(65, 91))
    if countries.find(first + second)
]


def test_every_country_is_known_and_takes_its_own_examples() -> None:
    assert len(COUNTRIES) > 245
    for code in COUNTRIES:
        country = countries.find(code)
        assert country is not None
        for example in country.postal_examples:
            if country.postal_codes:
                assert country.has_postal_code(example), (code, example)
        assert country.needs_state == (code in {"CA", "US"})
        for state in country.states:
            assert country.has_state(*country.nearest_states(state.upper())), (code, state)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(COUNTRIES), st.text(max_size=12), st.none() | st.text(max_size=8))
def test_whatever_is_offered_is_right(country: str, postal_code: str, state: str | None) -> None:
    row = _row(country, postal_code, state)
    try:
        verify(row)
    except Unverified as refused:
        for one in refused.candidates:
            verify(_row(country, one["postal_code"], one.get("state")))
