"""What an erasure says that it took is read back as it was, and is short."""

from hypothesis import given
from hypothesis import strategies as st

from tenantry.areas.audit import taken
from tenantry.core.kept_events import ARCHIVED, ERASED, Told

END = 10_000
_places = st.sampled_from(["description", "ip", "metadata.login", "metadata.new.name"])
_numbers = st.sets(st.integers(1, END - 1), min_size=1)


def _told(lines: list[str], action: str = ERASED) -> Told:
    return Told(END, action, {"taken": lines})


@given(st.dictionaries(_places, _numbers), st.dictionaries(_places, _numbers))
def test_what_was_taken_is_read_back(one: dict[str, set[int]], two: dict[str, set[int]]) -> None:
    both = {place: one.get(place, set()) | two.get(place, set()) for place in {**one, **two}}
    assert taken.read([_told(taken.written(one)), _told(taken.written(two))]) == both


def test_runs_are_short_and_end_with_the_log() -> None:
    assert taken.written({"ip": [9, 3, 4, 5], "description": [7]}) == ["description 7", "ip 3-5,9"]
    endless = _told([f"ip {END - 2}-{10**15}"])
    assert taken.read([endless]) == {"ip": {END - 2, END - 1}}
    assert taken.read([_told(["ip 1"], ARCHIVED), Told(END, ERASED, {})]) == {}
