"""Identifiers: of the right form, never twice, and in order where that was asked for."""

import os

from tenantry.core.ids import id_at, is_id, new_id


def test_identifiers_have_22_characters_of_base_62_and_are_never_the_same() -> None:
    made = [new_id() for _ in range(10_000)]
    assert len(set(made)) == len(made)
    assert all(len(one) == 22 and is_id(one) for one in made)
    used = set("".join(made))
    assert len(used) == 62


def test_a_forked_process_makes_others() -> None:
    new_id()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    theirs = os.read(read, 100).decode()
    os.close(read)
    assert is_id(theirs)
    assert theirs not in {new_id() for _ in range(1000)}


def test_identifiers_with_a_place_sort_by_it() -> None:
    made = [id_at(place) for place in range(1, 10_000)]
    assert made == sorted(made)
    assert len({id_at(7) for _ in range(1000)}) == 1000
    assert all(len(one) == 22 and is_id(one) for one in made)
