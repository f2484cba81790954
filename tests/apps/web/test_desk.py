"""Each visitor has a desk, and only keys that were drawn at random open one."""

from pathlib import Path

import pytest

from temporal_colorize.apps.web.desk import Desks, is_key, new_key


def test_a_desk_is_found_again_by_its_key() -> None:
    desks, key = Desks(3), new_key()
    desk = desks.of(key, keep=True)
    assert desks.of(key) is desk and desks.of(new_key()) is not desk


def test_the_one_who_was_longest_away_is_forgotten() -> None:
    desks, keys = Desks(2), [new_key() for _ in range(3)]
    first, second, _ = (desks.of(key, keep=True) for key in (keys[0], keys[1], keys[0]))
    desks.of(keys[2], keep=True)
    assert desks.of(keys[0]) is first and desks.of(keys[1]) is not second


def test_keys_without_files_take_no_desk() -> None:
    desks, mine = Desks(2), new_key()
    desk = desks.of(mine, keep=True)
    desk.source = Path("clip.mp4")
    for _ in range(5):
        desks.of(new_key())
        desks.of(new_key(), keep=True)  # whose file did not arrive
    assert desks.of(mine) is desk


@pytest.mark.parametrize("sent", [None, "", 7, "../../etc", "a" * 21, "a" * 23, "a" * 21 + "/", ["a" * 22], "é" * 22])
def test_what_is_no_key_opens_none(sent: object) -> None:
    assert not is_key(sent)
    with pytest.raises(ValueError, match="does not know you"):
        Desks(1).of(sent)


def test_keys_differ() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000 and all(map(is_key, keys))
